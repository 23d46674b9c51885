package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/kafka"
)

// topicsJob is work on the topics of every connection that has some.
type topicsJob struct {
	spec  *host.Spec
	rules kafka.TopicRules
	log   *zap.Logger
	// screen shows the progress where it is a terminal, else say is told.
	screen *terminal
	say    func(string)

	names        []string
	initializers []*kafka.Initializer
}

// look runs Check or Plan on every connection, by name.
func (j *topicsJob) look(ctx context.Context, do func(*kafka.Initializer, context.Context) (kafka.Report, error)) ([]kafka.Report, error) {
	return j.each(func(n int) (kafka.Report, error) { return do(j.initializers[n], ctx) })
}

// apply does what each connection's plan says. With an error come the reports
// of the connections that were done.
func (j *topicsJob) apply(ctx context.Context, plans []kafka.Report) ([]kafka.Report, error) {
	return j.each(func(n int) (kafka.Report, error) { return j.initializers[n].Apply(ctx, plans[n]) })
}

func (j *topicsJob) each(do func(n int) (kafka.Report, error)) ([]kafka.Report, error) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	p := newProgressLine(j.screen, ticker.C, j.say)
	defer p.end()
	if j.initializers == nil {
		j.names = slices.Sorted(maps.Keys(j.spec.Topics.ByConnection))
		for _, name := range j.names {
			rules := j.rules
			rules.Progress = func(step string, done, total int) { p.at(step, done, total) }
			j.initializers = append(j.initializers,
				kafka.NewInitializer(j.spec.Connections[name].Options, j.spec.Topics.ByConnection[name], rules, j.log))
		}
	}
	var reports []kafka.Report
	for n, name := range j.names {
		report, err := do(n)
		if err != nil {
			return reports, fmt.Errorf("connection %s (%s): %w", name, j.spec.Connections[name].Pos, err)
		}
		for i := range report.Topics {
			report.Topics[i].Connection = name
		}
		reports = append(reports, report)
	}
	return reports, nil
}

func joined(reports []kafka.Report) kafka.Report {
	all := kafka.Report{Topics: []kafka.TopicReport{}}
	for _, report := range reports {
		all.Topics = append(all.Topics, report.Topics...)
	}
	return all
}

func (a *app) printReport(report kafka.Report, output string) error {
	if output == outputJSON {
		encoder := json.NewEncoder(a.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	writeDiff(a.out, report)
	writeLine(a.err, "%s", report.Summary())
	return nil
}

// confirm asks, on a terminal, whether a plan is to be applied. Elsewhere
// there is nobody to ask: what cannot cost anything goes on, and what can
// needs the word of who started the command.
func (a *app) confirm(ctx context.Context, plan kafka.Report, yes bool) error {
	switch {
	case yes || plan.Pending() == 0:
		return nil
	case a.in.interactive && a.err.interactive:
	case plan.Risks() == 0:
		return nil
	default:
		writeDiff(a.err, plan)
		return usageError{fmt.Errorf("%s can lose records or the places of keys: say --yes too; nothing was changed", plural(plan.Risks(), "change"))}
	}
	writeDiff(a.err, plan)
	question := plan.Summary()
	if n := plan.Risks(); n > 0 {
		question += ", " + a.err.red(plural(n, "change")+" can lose records or the places of keys")
	}
	writeLine(a.err, "%s", question)
	if a.ask(ctx) {
		return nil
	}
	return errors.New("nothing was changed")
}

// ask asks who sits at the terminal whether to go on.
func (a *app) ask(ctx context.Context) bool {
	_, _ = fmt.Fprintf(a.err, "%s ", a.err.bold("go on? [y/N]"))
	answer := make(chan string, 1)
	go func() { // which a read from a terminal would keep from seeing ctx
		line, _ := bufio.NewReader(a.in).ReadString('\n') // an end is no yes
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return false
	case text := <-answer:
		return text == "y" || text == "yes"
	}
}

// startTopics is the job before pipelines start, which leaves the topics alone
// that are there.
func startTopics(spec *host.Spec, log *zap.Logger) *topicsJob {
	return &topicsJob{spec: spec, rules: kafka.TopicRules{KeepExisting: true}, log: log, say: func(text string) { log.Info(text) }}
}

// create makes the missing topics.
func (j *topicsJob) create(ctx context.Context) (kafka.Report, error) {
	plans, err := j.look(ctx, (*kafka.Initializer).Check)
	if err != nil {
		return kafka.Report{}, err
	}
	reports, err := j.apply(ctx, plans)
	return joined(reports), err
}

// prepareTopics does what topics.on_start asks for before pipelines start.
func prepareTopics(ctx context.Context, spec *host.Spec, log *zap.Logger) error {
	job := startTopics(spec, log)
	switch spec.Topics.OnStart {
	case host.CreateTopics:
		report, err := job.create(ctx)
		if err != nil {
			return err
		}
		logReport(log, report)
		return withReasons(report, report.Err(kafka.TopicFailed))
	case host.CheckTopics:
		reports, err := job.look(ctx, (*kafka.Initializer).Check)
		if err != nil {
			return err
		}
		report := joined(reports)
		logReport(log, report)
		return withReasons(report, report.Err(kafka.TopicFailed, kafka.TopicMissing, kafka.TopicDiffers))
	}
	return nil
}

// logReport warns of every setting that is not as configured.
func logReport(log *zap.Logger, report kafka.Report) {
	for _, t := range report.Topics {
		if t.Status != kafka.TopicDiffers {
			continue
		}
		for _, c := range t.Changes {
			log.Warn("a topic is not as configured", zap.String("topic", t.Topic), zap.String("setting", c.Setting),
				zap.String("have", c.Have), zap.String("configured", c.Want))
		}
	}
}

// withReasons adds to an error what is wrong with which topic.
func withReasons(report kafka.Report, err error) error {
	if err == nil {
		return nil
	}
	for i := range report.Topics {
		if why := report.Topics[i].Why(); why != "" {
			err = fmt.Errorf("%w\n\ttopic %s: %s", err, report.Topics[i].Topic, why)
		}
	}
	return fmt.Errorf("%w\n\"weir topics plan\" shows all of them; topics.on_start says what happens at the start", err)
}
