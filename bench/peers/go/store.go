// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"sync"
)

// ErrVersionConflict says that the actor already has this version or a later one.
var ErrVersionConflict = errors.New("version conflict")

// MemoryStore keeps the events of each actor in the order of their versions.
type MemoryStore struct {
	mu     sync.RWMutex
	events map[string][]*Event
}

func NewMemoryStore() *MemoryStore {
	return &MemoryStore{events: make(map[string][]*Event)}
}

// SaveEvent stores a deep copy. The copy is made before the lock is taken: the order that gives two
// writers the most.
func (s *MemoryStore) SaveEvent(event *Event) error {
	stored := copyEvent(event)
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events[event.ActorID]
	if len(events) > 0 && event.Version <= events[len(events)-1].Version {
		return ErrVersionConflict
	}
	s.events[event.ActorID] = append(events, stored)
	return nil
}

// GetEvents returns deep copies of the actor's events from a version on.
func (s *MemoryStore) GetEvents(actorID string, fromVersion int64) ([]*Event, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	events := s.events[actorID]
	found := make([]*Event, 0, len(events))
	for _, event := range events {
		if event.Version >= fromVersion {
			found = append(found, copyEvent(event))
		}
	}
	return found, nil
}

// GetLatestVersion returns 0 for an unknown actor.
func (s *MemoryStore) GetLatestVersion(actorID string) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	events := s.events[actorID]
	if len(events) == 0 {
		return 0, nil
	}
	return events[len(events)-1].Version, nil
}
