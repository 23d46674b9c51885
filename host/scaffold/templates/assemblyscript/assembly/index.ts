// A processor for weir: it sends events to the topics heavy and light by a number
// in their JSON payload.
import { Config, Event, Processor, register } from "../weir-processor";
export * from "../weir-processor/exports";

class Selector extends Processor {
  private field: string = "";
  private threshold: f64 = 0;

  // Reads what the pipeline says under "config:". What it leaves out has the value
  // here; what is not asked for refuses the config.
  open(config: Config): void {
    this.field = config.text("field", "weight");
    this.threshold = config.number("threshold", 10);
  }

  // Handles one event. One without the number is rejected when this returns: it
  // goes to the pipeline's error policy, all others go on.
  process(event: Event): void {
    event.route(event.number(this.field) > this.threshold ? "heavy" : "light");
  }
}

register(new Selector());
