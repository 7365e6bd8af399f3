#!/usr/bin/env bash
# A host and a guest exchange messages with nothing but curl. See README.md.
set -euo pipefail

server=${1:-http://localhost:8080}

# request METHOD PATH [CURL OPTION…]: prints the response; an error ends the script
request () {
  curl --silent --show-error --fail --max-time 40 --request "$1" "$server$2" "${@:3}"
}

# request_json METHOD PATH BODY [CURL OPTION…]
request_json () {
  request "$1" "$2" --header 'Content-Type: application/json' --data-binary "$3" "${@:4}"
}

# find_id box|drop TEXT: prints the first box id or drop address in the text
find_id () {
  grep --only-matching --extended-regexp --max-count=1 "$1_[A-Za-z0-9_-]{32}" <<< "$2"
}

echo '1. The host creates a box and passes its drop address to the guest.'
created=$(request POST /boxes)
host_box=$(find_id box "$created")
host_drop=$(find_id drop "$created")

echo '2. The guest creates a box that expires after an hour without use, and stores its drop address and an offer in the host’s box.'
created=$(request_json POST /boxes '{"ttl": 3600}')
guest_box=$(find_id box "$created")
guest_drop=$(find_id drop "$created")
request_json POST "/boxes/$host_drop/messages" "{\"type\": \"offer\", \"replyTo\": \"$guest_drop\"}"
echo

echo '3. The host waits up to 25 seconds for the offer.'
messages=$(request GET "/boxes/$host_box/messages?wait=25")
echo "$messages"
reply_to=$(find_id drop "$messages")

echo '4. The host answers, twice, as if the first response had been lost. The key ensures that the answer is stored once.'
key=$(date +%s)-$$
for _ in first again; do
  request_json POST "/boxes/$reply_to/messages" '{"type": "answer"}' --header "Idempotency-Key: $key"
  echo
done

echo '5. The host acknowledges what it has handled, and the server deletes it.'
next=$(grep --only-matching --extended-regexp '"next":[0-9]+' <<< "$messages" | cut -d: -f2)
request_json PUT "/boxes/$host_box/cursor" "{\"after\": $next}"
echo

echo '6. The guest waits for the answer and acknowledges it.'
request GET "/boxes/$guest_box/messages?wait=25"
echo
request_json PUT "/boxes/$guest_box/cursor" '{"after": 1}'
echo

echo '7. Both delete their boxes.'
request DELETE "/boxes/$host_box"
request DELETE "/boxes/$guest_box"
