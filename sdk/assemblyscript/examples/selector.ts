// Sends orders of more than some weight to one topic, the others to another.
import { Config, Event, Processor, register } from "../index";
export * from "../exports";

class Selector extends Processor {
  private threshold: f64 = 0;
  private above: string = "";
  private below: string = "";

  open(config: Config): void {
    this.threshold = config.number("threshold", 10);
    this.above = config.text("above", "heavy");
    this.below = config.text("below", "light");
  }

  process(event: Event): void {
    event.route(event.number("weight") > this.threshold ? this.above : this.below);
  }
}

register(new Selector());
