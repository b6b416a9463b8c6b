// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

const (
	atOnce    = 16384 // events between two looks at the clock
	fewAtOnce = 20
	inFlight  = 64
)

func measure(m *meter, row, url string) bool {
	if number, isRead := strings.CutPrefix(row, "read-"); isRead {
		events, err := strconv.Atoi(number)
		must(err)
		read(m, url, events)
		return true
	}
	if number, isFill := strings.CutPrefix(row, "fill-"); isFill {
		events, err := strconv.Atoi(number)
		must(err)
		fill(url, events)
		return true
	}
	if row == "bus" {
		travel(m, url)
		return true
	}
	appends := map[string]func(*meter, *Store){
		"append":              appendPipelined,
		"append-64-in-flight": appendInFlight,
		"append-one":          appendOne,
	}
	appender, known := appends[row]
	if !known {
		return false
	}
	store, err := Open(url, "go-run-"+strconv.Itoa(os.Getpid()))
	must(err)
	appender(m, store)
	store.Remove()
	return true
}

// pipeline saves without waiting, but for the actor's event before: only its acknowledgement tells
// the sequence that the next one expects.
type pipeline struct {
	store   *Store
	ids     *idMaker
	heads   map[string]*head
	pending map[string]nats.PubAckFuture
}

func newPipeline(store *Store) *pipeline {
	return &pipeline{store, newIDs(), map[string]*head{}, map[string]nats.PubAckFuture{}}
}

func (p *pipeline) settle(id string) *head {
	last := p.heads[id]
	if last == nil {
		last = &head{}
		p.heads[id] = last
	}
	if future := p.pending[id]; future != nil {
		select {
		case ack := <-future.Ok():
			last.version++
			last.sequence = ack.Sequence
		case err := <-future.Err():
			must(err)
		}
		delete(p.pending, id)
	}
	return last
}

func (p *pipeline) save(id string, n int) {
	last := p.settle(id)
	future, err := p.store.SaveEventAsync(p.ids.order(id, last.version+1, n), last.sequence)
	must(err)
	p.pending[id] = future
}

func (p *pipeline) finish() {
	for id := range p.pending {
		p.settle(id)
	}
}

func appendPipelined(m *meter, store *Store) {
	ids := actorIDs()
	p := newPipeline(store)
	save := func(count int) {
		for n := 0; n < count; n++ {
			p.save(ids[n%len(ids)], n)
		}
		p.finish()
	}
	save(len(ids))
	for m.wantsMore() {
		m.time(atOnce, func() { save(atOnce) })
	}
}

// appendInFlight has a goroutine for each of the appends that are on their way at once.
func appendInFlight(m *meter, store *Store) {
	ids := actorIDs()
	heads := make([]head, len(ids))
	makers := make([]*idMaker, inFlight)
	for i := range makers {
		makers[i] = &idMaker{state: uint64(i)*0x9E3779B97F4A7C15 + 1}
	}
	save := func(each int) {
		var done sync.WaitGroup
		for w := 0; w < inFlight; w++ {
			done.Add(1)
			go func(w int) {
				defer done.Done()
				actor := w
				for n := 0; n < each; n++ {
					event := makers[w].order(ids[actor], heads[actor].version+1, n)
					must(store.SaveEvent(event, &heads[actor]))
					if actor += inFlight; actor >= len(ids) {
						actor = w
					}
				}
			}(w)
		}
		done.Wait()
	}
	save(actorCount / inFlight)
	for m.wantsMore() {
		m.time(inFlight*64, func() { save(64) })
	}
}

func appendOne(m *meter, store *Store) {
	ids := actorIDs()
	heads := make([]head, len(ids))
	maker := newIDs()
	n := 0
	save := func() {
		actor := n % len(ids)
		must(store.SaveEvent(maker.order(ids[actor], heads[actor].version+1, n), &heads[actor]))
		n++
	}
	for i := 0; i < len(ids); i++ {
		save()
	}
	for m.wantsMore() {
		m.time(fewAtOnce, func() {
			for i := 0; i < fewAtOnce; i++ {
				save()
			}
		})
	}
}

const filled = "go-filled"

func actorOf(events int) string { return "history-" + strconv.Itoa(events) }

// fill makes an actor of each size, between whose events are those of 1,000 others: as the other
// side does.
func fill(url string, most int) {
	store, err := Open(url, filled)
	must(err)
	if version, err := store.GetLatestVersion(actorOf(most)); version > 0 {
		must(err)
		return
	}
	ids := actorIDs()
	sizes := []int{}
	for _, size := range []int{2, 100, 1000, 10000} {
		if size <= most {
			sizes = append(sizes, size)
		}
	}
	p := newPipeline(store)
	for i := 0; i < most; i++ {
		p.save(ids[i%len(ids)], i)
		for _, size := range sizes {
			if i%(most/size) == 0 {
				p.save(actorOf(size), i)
			}
		}
	}
	p.finish()
}

func read(m *meter, url string, events int) {
	store, err := Open(url, filled)
	must(err)
	readAll := func() {
		found, err := store.GetEvents(actorOf(events))
		must(err)
		if len(found) != events {
			must(errors.New("a read gave a wrong number of events"))
		}
	}
	readAll()
	for m.wantsMore() {
		m.time(1, readAll)
	}
}
