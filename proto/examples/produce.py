#!/usr/bin/python3
"""Sends a page view to phased: produce.py BROKERS TOPIC. On Debian: apt-get install python3-confluent-kafka."""
import json
import sys
import time

from confluent_kafka import Producer

brokers, topic = sys.argv[1:]
now_us = time.time_ns() // 1000
event = {"id": f"browser-4711/{now_us}", "source": "my-producer", "site": "nordlys", "channel": "WEB", "action": "PAGE_VIEW",
         "occurred_us": now_us, "content": {"url": "https://www.nordlys.test/prices/", "title": "Prices"},
         "identity": {"anonymous_id": "browser-4711", "email": "solveig.strand@rederi.test", "role": "CFO"},
         "consent": {"analytics": "GRANTED", "profile": "GRANTED"}}
lost = []
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "partitioner": "murmur2_random"})
producer.produce(topic, json.dumps(event), key="browser-4711", headers={"content-type": "application/json"},
                 on_delivery=lambda error, _: error and lost.append(error))
producer.flush()
sys.exit(f"not delivered: {lost[0]}" if lost else 0)
