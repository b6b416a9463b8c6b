// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Bus is the event bus as it is commonly written in Go: a buffered channel and a goroutine for each
// subscriber. Sending blocks, so that every event arrives.
type Bus struct {
	mutex     sync.RWMutex
	exact     map[string][]chan *Event
	byPattern []patternSubscriber
}

type patternSubscriber struct {
	tokens []string
	events chan *Event
}

const channelSize = 100

func NewBus() *Bus { return &Bus{exact: map[string][]chan *Event{}} }

func (b *Bus) Subscribe(pattern string, handle func(*Event)) {
	events := make(chan *Event, channelSize)
	go func() {
		for event := range events {
			handle(event)
		}
	}()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if strings.ContainsAny(pattern, "*>") {
		b.byPattern = append(b.byPattern, patternSubscriber{strings.Split(pattern, "."), events})
		return
	}
	b.exact[pattern] = append(b.exact[pattern], events)
}

func (b *Bus) Publish(namespace string, event *Event) {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	for _, events := range b.exact[namespace] {
		events <- event
	}
	for _, subscriber := range b.byPattern {
		if matchTokens(subscriber.tokens, strings.Split(namespace, ".")) {
			subscriber.events <- event
		}
	}
}

func (b *Bus) Close() {
	for _, all := range b.exact {
		for _, events := range all {
			close(events)
		}
	}
	for _, subscriber := range b.byPattern {
		close(subscriber.events)
	}
}

func matchTokens(pattern, tokens []string) bool {
	for i, token := range pattern {
		if token == ">" {
			return len(tokens) > i
		}
		if i >= len(tokens) || (token != "*" && token != tokens[i]) {
			return false
		}
	}
	return len(pattern) == len(tokens)
}

// publish publishes to so many subscribers, and times until all have handled what was published.
func publish(subscribers int, pattern string) func(*meter) {
	return func(m *meter) {
		bus := NewBus()
		defer bus.Close()
		counts := make([]struct {
			seen int64
			_    [56]byte
		}, subscribers)
		for i := range counts {
			count := &counts[i].seen
			bus.Subscribe(pattern, func(event *Event) { atomic.AddInt64(count, event.Version) })
		}
		event := newIDs().orderPlaced("order-123", 1, 8999)
		published := int64(0)
		send := func(times int) {
			for i := 0; i < times; i++ {
				bus.Publish("tenant-a.orders", event)
			}
			published += int64(times)
			for i := range counts {
				for atomic.LoadInt64(&counts[i].seen) < published {
					runtime.Gosched()
				}
			}
		}
		send(50000 / subscribers)
		for m.wantsMore() {
			times := 200000 / subscribers
			m.time(times, func() { send(times) })
		}
	}
}
