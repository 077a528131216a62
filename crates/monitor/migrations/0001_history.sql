-- Measurements by second, minute and hour, keyed by the begin of the interval in milliseconds since the Unix epoch.
-- The body is CBOR and holds distributions, never percentiles: those of merged intervals are computed from merged
-- distributions.
CREATE TABLE second (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE minute (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE hour (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
