// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Event is what an event store in Go keeps; it travels as JSON.
type Event struct {
	ID        string                 `json:"id"`
	EventType string                 `json:"eventType"`
	ActorID   string                 `json:"actorId"`
	Version   int64                  `json:"version"`
	Data      map[string]interface{} `json:"data"`
	Timestamp time.Time              `json:"timestamp"`
}

const actorCount = 1000

func actorIDs() []string {
	ids := make([]string, actorCount)
	for i := range ids {
		ids[i] = "order-" + strconv.Itoa(100+i)
	}
	return ids
}

// idMaker makes UUIDv7 texts. Its random bits are those of xorshift64*, which cost next to nothing:
// the standard library's crypto/rand would make this peer slower than it need be.
type idMaker struct{ state uint64 }

func newIDs() *idMaker { return &idMaker{state: uint64(time.Now().UnixNano()) | 1} }

func (m *idMaker) next() uint64 {
	m.state ^= m.state >> 12
	m.state ^= m.state << 25
	m.state ^= m.state >> 27
	return m.state * 2685821657736338717
}

func (m *idMaker) make(now time.Time) string {
	var raw [16]byte
	millis := uint64(now.UnixMilli())
	for i := 0; i < 6; i++ {
		raw[i] = byte(millis >> (40 - 8*i))
	}
	a, b := m.next(), m.next()
	raw[6], raw[7] = 0x70|byte(a&0x0f), byte(a>>8)
	raw[8] = 0x80 | byte(b&0x3f)
	for i := 9; i < 16; i++ {
		raw[i] = byte(b >> (8 * (i - 8)))
	}
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:36], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// So long that the data has 200 bytes of JSON, as on the other side.
var address = strings.Repeat("x", 90)

func (m *idMaker) order(actorID string, version int64, n int) *Event {
	now := time.Now().UTC()
	return &Event{
		ID:        m.make(now),
		EventType: "OrderPlaced",
		ActorID:   actorID,
		Version:   version,
		Data: map[string]interface{}{
			"total":    10 + float64(n%10000)/100,
			"currency": "USD",
			"items": []interface{}{
				map[string]interface{}{"sku": "A-1", "quantity": 2.0},
				map[string]interface{}{"sku": "B-2", "quantity": 1.0},
			},
			"address": address,
		},
		Timestamp: now,
	}
}
