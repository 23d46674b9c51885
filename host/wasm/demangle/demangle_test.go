package demangle_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/wasm/demangle"
)

func TestName(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"main.process", "main.process"},
		{"", ""},
		// Rust, the older way.
		{"_ZN11conformance5Guest4obey17hc52f62dddcd81853E", "conformance::Guest::obey"},
		{"_ZN72_$LT$conformance..Guest$u20$as$u20$weir_processor..export..Processor$GT$7process28_$u7b$$u7b$closure$u7d$$u7d$17h3090b18b84b2d248E",
			"<conformance::Guest as weir_processor::export::Processor>::process::{{closure}}"},
		{"_ZN4core6result19Result$LT$T$C$E$GT$8and_then17h3d6fe29c94253f67E", "core::result::Result<T,E>::and_then"},
		{"core::panicking::panic_fmt::h3d6fe29c94253f67", "core::panicking::panic_fmt"},
		{"core::panicking::panic_fmt::hello_and_more_12", "core::panicking::panic_fmt::hello_and_more_12"},
		// Rust, the newer way.
		{"_RNvNtCsgXGp5Oqx2Ny_4core9panicking9panic_fmt", "core::panicking::panic_fmt"},
		{"_RNvCsfLfy6EI15iL_7___rustc10rust_panic", "__rustc::rust_panic"},
		{"_RNCNvNtCsebHcaeoSrxy_3std9panicking13panic_handler0B5_", "std::panicking::panic_handler::{closure#0}"},
		{"_RINvNtNtCsebHcaeoSrxy_3std3sys9backtrace26___rust_end_short_backtraceNCNvNtB6_9panicking13panic_handler0zEB6_",
			"std::sys::backtrace::__rust_end_short_backtrace"},
		{"_RNvMs_Cs4fqI2P2rA04_1aNtB4_1T1f", "<a::T>::f"},
		{"_RNvXCs4fqI2P2rA04_1aNtB2_1TNtB2_5Trait1f", "<a::T as a::Trait>::f"},
		{"_RNvYRShNtCs4fqI2P2rA04_1a5Trait1f", "<&[u8] as a::Trait>::f"},
		{"_RNvXCs4fqI2P2rA04_1aTmQNtB2_1TAhj4_ENtB2_5Trait1f", "<(u32, &mut a::T, [u8]) as a::Trait>::f"},
		// C++.
		{"_ZN4shop5Order5checkEi", "shop::Order::check"},
		// What is not understood.
		{"_R", "_R"}, {"_RNv", "_RNv"}, {"_RB_", "_RB_"}, {"_ZN", "_ZN"}, {"_ZNE", "_ZNE"}, {"_ZN99aE", "_ZN99aE"}, {"_RNvC1a9z", "_RNvC1a9z"},
		{"_RNvCu3gdr1f", "_RNvCu3gdr1f"},
	} {
		if got := demangle.Name(tc.name); got != tc.want {
			t.Errorf("%s is %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestHostile gives names that refer to themselves over and over.
func TestHostile(t *testing.T) {
	for _, name := range []string{
		"_R" + strings.Repeat("NvB_", 10_000),
		"_R" + strings.Repeat("Nv", 10_000) + "C1a",
		"_RNvYT" + strings.Repeat("T", 50) + "mm" + strings.Repeat("EB2_", 50) + "EC1a1b",
	} {
		if got := demangle.Name(name); got != name {
			t.Errorf("%.20s became %.80s", name, got)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("_RNvXCs4fqI2P2rA04_1aTmQNtB2_1TAhj4_ENtB2_5Trait1f")
	f.Add("_ZN72_$LT$conformance..Guest$u20$as$u20$weir$GT$7process17h3090b18b84b2d248E")
	f.Fuzz(func(t *testing.T, name string) {
		if got := demangle.Name(name); len(got) > len(name) && len(got) > 5<<10 {
			t.Errorf("%d bytes became %d", len(name), len(got))
		}
	})
}
