package event

import "testing"

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"kafka_topic": true, "_kafka_offset": true, "kafka_anything": true,
		"kafka": false, "my_kafka_topic": false, "": false,
	} {
		if Reserved(name) != want {
			t.Errorf("Reserved(%q) is %v", name, !want)
		}
	}
}

func TestClassesAreListed(t *testing.T) {
	for i, class := range Classes {
		if class.Index() != i {
			t.Errorf("%s: index %d, want %d", class, class.Index(), i)
		}
	}
}
