package kafka

// refusedRows ask for what weir does not do, and what would be missed if it were
// passed over.
var refusedRows = []row{
	{
		name: "share.acknowledgement.mode", role: Consumer, kind: kindText, std: "implicit", treat: reject,
		why: "sources are members of consumer groups, not of share groups",
		doc: "How members of a share group acknowledge.",
	},
	{
		name: "offset.store.method", role: Consumer, kind: kindEnum, words: []string{"broker", "file", "none"}, std: "broker", treat: reject,
		why: "offsets are kept by the brokers, nowhere else",
		doc: "Where offsets are kept. broker is accepted.",
	},
	{
		name: "queuing.strategy", role: Producer, kind: kindEnum, words: []string{"fifo", "lifo"}, std: "fifo", treat: reject,
		why: "records are written in the order in which they come",
		doc: "Which record of a full queue goes first. fifo is accepted.",
	},
	{
		name: "client.dns.lookup", role: anyRole, kind: kindEnum, words: []string{"use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"},
		std: "use_all_dns_ips", treat: reject,
		why: "host names are used as they are written",
		doc: "How host names become addresses. use_all_dns_ips is accepted.",
	},
	{
		name: "test.mock.num.brokers", role: anyRole, kind: kindInt, std: "0", treat: reject,
		why: "weir broker is the broker for tests",
		doc: "Brokers that librdkafka plays itself.",
	},
	{
		name: "enabled_events", role: anyRole, kind: kindInt, low: 0, high: unlimited, std: "0", treat: reject,
		why: noCode, doc: "Events that librdkafka hands to a program.",
	},
	{
		name: "plugin.library.paths", role: anyRole, kind: kindText, treat: reject,
		why: "processors are WebAssembly modules; nothing else is loaded",
		doc: "Libraries that librdkafka loads.",
	},
	{
		name: "key_serializer", role: Producer, kind: kindText, treat: reject,
		why: noCode + "; a processor sets the key", doc: "Function of old BSPump that makes the key.",
	},
	callback("error_cb", anyRole),
	callback("throttle_cb", anyRole),
	callback("stats_cb", anyRole),
	callback("log_cb", anyRole),
	callback("background_event_cb", anyRole),
	callback("socket_cb", anyRole),
	callback("connect_cb", anyRole),
	callback("closesocket_cb", anyRole),
	callback("open_cb", anyRole),
	callback("resolve_cb", anyRole),
	callback("opaque", anyRole),
	callback("default_topic_conf", anyRole),
	callback("interceptors", anyRole),
	callback("consume_cb", Consumer),
	callback("rebalance_cb", Consumer),
	callback("offset_commit_cb", Consumer),
	callback("dr_cb", Producer),
	callback("dr_msg_cb", Producer),
	callback("partitioner_cb", Producer),
	callback("msg_order_cmp", Producer),
}

const noCode = "a configuration cannot hold code, only programs can give it to the client"

// callback is an option whose value is a pointer. librdkafka refuses it in
// configurations too.
func callback(name string, role Role) row {
	return row{name: name, role: role, kind: kindText, treat: reject, why: noCode, doc: "Call-back or pointer of a program."}
}
