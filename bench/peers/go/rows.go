// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// A store is thrown away after so many events of each actor, so that memory stays bounded; the C++
// side does the same.
const versionsPerStore = 200

type maker func(m *idMaker, actorID string, version int64, n int) *Event

func orderPlaced(m *idMaker, actorID string, version int64, n int) *Event {
	return m.orderPlaced(actorID, version, n)
}

func nested(m *idMaker, actorID string, version int64, n int) *Event {
	return m.nested(actorID, version, n)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func newIDs() *idMaker { return &idMaker{state: uint64(time.Now().UnixNano()) | 1} }

// A life fills one store.
type life func(m *meter)

// warm lives through one store untimed, then through as many as the meter wants.
func warm(once life) func(*meter) {
	return func(m *meter) {
		once(&meter{})
		fresh(once)(m)
	}
}

// fresh begins with a heap that has yet to grow.
func fresh(once life) func(*meter) {
	return func(m *meter) {
		for m.wantsMore() {
			once(m)
			runtime.GC()
		}
	}
}

// saveMade saves events that exist already. The store copies them, so one event an actor serves for
// all its versions: what is timed is SaveEvent and nothing else.
func saveMade(make maker, writers int) life {
	maker := newIDs()
	events := []*Event{}
	for n, id := range actorIDs() {
		events = append(events, make(maker, id, 0, n))
	}
	return func(m *meter) {
		store := NewMemoryStore()
		m.time(actorCount*versionsPerStore, func() { saveAll(store, events, writers) })
	}
}

// saveAll gives each writer its own share of the actors.
func saveAll(store *MemoryStore, events []*Event, writers int) {
	var done sync.WaitGroup
	share := len(events) / writers
	for w := 0; w < writers; w++ {
		done.Add(1)
		go func(mine []*Event) {
			defer done.Done()
			for version := int64(1); version <= versionsPerStore; version++ {
				for _, event := range mine {
					event.Version = version
					must(store.SaveEvent(event))
				}
			}
		}(events[w*share : (w+1)*share])
	}
	done.Wait()
}

func makeAndSave(make maker) life {
	ids := actorIDs()
	maker := newIDs()
	return func(m *meter) {
		store := NewMemoryStore()
		m.time(actorCount*versionsPerStore, func() {
			for version := int64(1); version <= versionsPerStore; version++ {
				for n, id := range ids {
					must(store.SaveEvent(make(maker, id, version, n)))
				}
			}
		})
	}
}

// filled has `actors` actors of `each` events.
func filled(actors, each int) (*MemoryStore, []string) {
	store := NewMemoryStore()
	ids := actorIDs()[:actors]
	maker := newIDs()
	for version := 1; version <= each; version++ {
		for n, id := range ids {
			must(store.SaveEvent(maker.orderPlaced(id, int64(version), n)))
		}
	}
	return store, ids
}

func read(actors, each int) func(*meter) {
	return func(m *meter) {
		store, ids := filled(actors, each)
		rounds := 1 + 200000/(actors*each*10)
		for m.wantsMore() {
			m.time(rounds*actors, func() {
				for round := 0; round < rounds; round++ {
					for _, id := range ids {
						events, err := store.GetEvents(id, 1)
						must(err)
						if len(events) != each {
							panic(fmt.Sprintf("%d events instead of %d", len(events), each))
						}
					}
				}
			})
		}
	}
}

func latestVersion(m *meter) {
	store, ids := filled(actorCount, 2)
	for m.wantsMore() {
		m.time(100*actorCount, func() {
			for round := 0; round < 100; round++ {
				for _, id := range ids {
					version, err := store.GetLatestVersion(id)
					must(err)
					if version != 2 {
						panic("wrong version")
					}
				}
			}
		})
	}
}

var kept []byte // what is kept here cannot be optimised away

func encode(make maker) func(*meter) {
	return func(m *meter) {
		event := make(newIDs(), "order-123", 1, 8999)
		for m.wantsMore() {
			m.time(1000, func() {
				for i := 0; i < 1000; i++ {
					text, err := json.Marshal(event)
					must(err)
					kept = text
				}
			})
		}
	}
}

func decode(make maker) func(*meter) {
	return func(m *meter) {
		text, err := json.Marshal(make(newIDs(), "order-123", 1, 8999))
		must(err)
		for m.wantsMore() {
			m.time(1000, func() {
				for i := 0; i < 1000; i++ {
					event := &Event{}
					must(json.Unmarshal(text, event))
					if event.Version != 1 {
						panic("wrong version")
					}
				}
			})
		}
	}
}

var rows = map[string]func(*meter){
	"append":             warm(saveMade(orderPlaced, 1)),
	"append-fresh":       fresh(saveMade(orderPlaced, 1)),
	"append-2-writers":   warm(saveMade(orderPlaced, 2)),
	"make-append":        warm(makeAndSave(orderPlaced)),
	"make-append-nested": warm(makeAndSave(nested)),
	"read-2":             read(1, 2),
	"read-100":           read(1, 100),
	"read-1000":          read(1, 1000),
	"read-cold":          read(1000, 100),
	"latest-version":     latestVersion,
	"encode":             encode(orderPlaced),
	"decode":             decode(orderPlaced),
	"encode-nested":      encode(nested),
	"decode-nested":      decode(nested),
	"bus-1":              publish(1, "tenant-a.orders"),
	"bus-10":             publish(10, "tenant-a.orders"),
	"bus-100":            publish(100, "tenant-a.orders"),
	"bus-wildcard":       publish(10, "tenant-a.*"),
}
