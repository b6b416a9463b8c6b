// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
)

// Store keeps each event in a message of its own, on its actor's subject.
type Store struct {
	js     nats.JetStreamContext
	stream string
}

// head is what an actor's next event builds on.
type head struct {
	version  int64
	sequence uint64
}

const window = 4096

// Open makes the stream where there is none.
func Open(url, stream string) (*Store, error) {
	connection, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	js, err := connection.JetStream(nats.PublishAsyncMaxPending(window),
		nats.MaxWait(20*time.Second))
	if err != nil {
		return nil, err
	}
	_, err = js.AddStream(&nats.StreamConfig{
		Name:              stream,
		Subjects:          []string{stream + ".*"},
		Storage:           nats.FileStorage,
		Discard:           nats.DiscardNew,
		MaxMsgsPerSubject: 1_000_000_000,
		DenyDelete:        true,
		DenyPurge:         true,
		AllowDirect:       true,
	})
	return &Store{js: js, stream: stream}, err
}

func (s *Store) subject(actorID string) string { return s.stream + "." + actorID }

// SaveEvent stores the event after the actor's last one, and waits for the stream's answer.
func (s *Store) SaveEvent(event *Event, after *head) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	ack, err := s.js.Publish(s.subject(event.ActorID), body,
		nats.ExpectLastSequencePerSubject(after.sequence))
	if err != nil {
		return err
	}
	*after = head{version: event.Version, sequence: ack.Sequence}
	return nil
}

// SaveEventAsync does not wait.
func (s *Store) SaveEventAsync(event *Event, after uint64) (nats.PubAckFuture, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	return s.js.PublishAsync(s.subject(event.ActorID), body,
		nats.ExpectLastSequencePerSubject(after))
}

// GetEvents reads all events of the actor through an ordered consumer of its own.
func (s *Store) GetEvents(actorID string) ([]*Event, error) {
	subscription, err := s.js.SubscribeSync(s.subject(actorID), nats.OrderedConsumer())
	if err != nil {
		return nil, err
	}
	defer func() { _ = subscription.Unsubscribe() }()
	var events []*Event
	for {
		message, err := subscription.NextMsg(20 * time.Second)
		if err != nil {
			return nil, err
		}
		event := new(Event)
		if err := json.Unmarshal(message.Data, event); err != nil {
			return nil, err
		}
		events = append(events, event)
		about, err := message.Metadata()
		if err != nil {
			return nil, err
		}
		if about.NumPending == 0 {
			return events, nil
		}
	}
}

// GetLatestVersion looks into the actor's last event.
func (s *Store) GetLatestVersion(actorID string) (int64, error) {
	message, err := s.js.GetLastMsg(s.stream, s.subject(actorID), nats.DirectGet())
	if errors.Is(err, nats.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var event Event
	if err := json.Unmarshal(message.Data, &event); err != nil {
		return 0, err
	}
	return event.Version, nil
}

// Remove removes the stream.
func (s *Store) Remove() { _ = s.js.DeleteStream(s.stream) }
