package telemetry

import "strconv"

// maxLags bounds the series of one lag metric of one pipeline.
const maxLags = 1000

// allPartitions is the label of a topic's sum.
const allPartitions = "all"

type lagSeries struct {
	topic, partition string
	records          int64
	seconds          float64
}

// bounded makes one series a partition, also where two sources of a pipeline
// read topics of one name in different clusters, or one a topic when they would be
// more than maxLags. Records are summed; the oldest counts.
func bounded(lags []LagSample) []lagSeries {
	series := merged(lags, func(l *LagSample) string { return strconv.Itoa(int(l.Partition)) })
	if len(series) > maxLags {
		series = merged(lags, func(*LagSample) string { return allPartitions })
	}
	return series
}

func merged(lags []LagSample, partition func(*LagSample) string) []lagSeries {
	type key struct{ topic, partition string }
	var series []lagSeries
	at := map[key]int{}
	for i := range lags {
		l := &lags[i]
		k := key{l.Topic, partition(l)}
		n, ok := at[k]
		if !ok {
			n = len(series)
			at[k] = n
			series = append(series, lagSeries{topic: k.topic, partition: k.partition})
		}
		series[n].records += l.Records
		series[n].seconds = max(series[n].seconds, l.Seconds)
	}
	return series
}
