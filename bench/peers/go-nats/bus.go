// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"

	"github.com/nats-io/nats.go"
)

// travel makes events, publishes them as JSON on the subject of their actor, and decodes them on
// another connection, whose subscriber sees all.
func travel(m *meter, url string) {
	publisher, err := nats.Connect(url)
	must(err)
	defer publisher.Close()
	subscriber, err := nats.Connect(url)
	must(err)
	defer subscriber.Close()
	received := 0
	done := make(chan struct{})
	subscription, err := subscriber.Subscribe("bus.go.*.*", func(message *nats.Msg) {
		var event Event
		must(json.Unmarshal(message.Data, &event))
		if received++; received%atOnce == 0 {
			done <- struct{}{}
		}
	})
	must(err)
	must(subscription.SetPendingLimits(-1, -1))
	must(subscriber.Flush())

	ids := newIDs()
	actors := actorIDs()
	subjects := make([]string, len(actors))
	for i, actor := range actors {
		subjects[i] = "bus.go.order." + actor
	}
	for m.wantsMore() {
		m.time(atOnce, func() {
			for i := 0; i < atOnce; i++ {
				at := i % len(actors)
				body, err := json.Marshal(ids.order(actors[at], int64(i+1), i))
				must(err)
				must(publisher.Publish(subjects[at], body))
			}
			must(publisher.Flush())
			<-done
		})
	}
}
