"""A peer of weir on librdkafka, by way of confluent-kafka.

    peer.py produce BROKERS TOPIC FIRST COUNT   write records
    peer.py share BROKERS TOPIC GROUP           read as a member of a group, until SIGTERM
    peer.py read BROKERS TOPIC                  read all that is there

What is read is printed as JSON, one record a line.
"""

import json
import signal
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition


def text(data):
    return None if data is None else data.decode()


def show(message):
    if message.error():
        sys.exit(str(message.error()))
    headers = [[name, text(value)] for name, value in message.headers() or []]
    print(json.dumps({"key": text(message.key()), "value": text(message.value()), "headers": headers}), flush=True)


def produce(brokers, topic, first, count):
    failed = []
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
    for i in range(int(first), int(first) + int(count)):
        value = None if i % 10 == 0 else f"wert-{i}-ß"
        producer.produce(topic, value, f"key-{i}", headers=[("number", str(i)), ("hollow", None)],
                         on_delivery=lambda err, _: failed.append(err) if err else None)
        producer.poll(0)
    producer.flush()
    if failed:
        sys.exit(f"{len(failed)} records were not written: {failed[0]}")


def share(brokers, topic, group):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    consumer = Consumer({
        "bootstrap.servers": brokers, "group.id": group, "client.id": "peer", "partition.assignment.strategy": "range",
        "session.timeout.ms": 6000, "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe([topic])
    while not ended:
        message = consumer.poll(0.1)
        if message is not None:
            show(message)
            consumer.commit(message, asynchronous=False)
    consumer.close()


def read(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "unused", "enable.auto.commit": False})
    left = {}
    for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        if high > low:
            left[partition] = high
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in left])
    while left:
        message = consumer.poll(30)
        if message is None:
            sys.exit(f"nothing came for 30 s; not at the end of {left}")
        show(message)
        if message.offset() + 1 >= left[message.partition()]:
            del left[message.partition()]
    consumer.close()


{"produce": produce, "share": share, "read": read}[sys.argv[1]](*sys.argv[2:])
