// SPDX-License-Identifier: Apache-2.0

package main

import "time"

// Event is what an event store in Go keeps: data as a map, so that a stored event and a caller's
// event share memory unless they are copied.
type Event struct {
	ID        string                 `json:"id"`
	EventType string                 `json:"eventType"`
	ActorID   string                 `json:"actorId"`
	Version   int64                  `json:"version"`
	Data      map[string]interface{} `json:"data"`
	Timestamp time.Time              `json:"timestamp"`
}

func copyEvent(event *Event) *Event {
	stored := *event
	stored.Data = copyMap(event.Data)
	return &stored
}

func copyMap(from map[string]interface{}) map[string]interface{} {
	to := make(map[string]interface{}, len(from))
	for key, value := range from {
		to[key] = copyValue(value)
	}
	return to
}

func copyValue(value interface{}) interface{} {
	switch v := value.(type) {
	case map[string]interface{}:
		return copyMap(v)
	case []interface{}:
		to := make([]interface{}, len(v))
		for i := range v {
			to[i] = copyValue(v[i])
		}
		return to
	default:
		return value // numbers, strings and booleans cannot be changed in place
	}
}
