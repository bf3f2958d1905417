#!/bin/sh
# Sends a page view to phased: produce.sh BROKERS TOPIC. On Debian: apt-get install kcat.
now=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
echo '{"id": "kiosk/'"$now"'", "source": "my-shell", "site": "nordlys", "channel": "WEB", "action": "PAGE_VIEW",
"occurredUs": "'"$now"'", "content": {"url": "https://www.nordlys.test/compare/"},
"identity": {"anonymousId": "kiosk"}, "consent": {"analytics": "GRANTED"}}' | tr -d '\n' |
	kcat -P -b "$1" -t "$2" -k kiosk -H content-type=application/json -X enable.idempotence=true -X partitioner=murmur2_random
