-- The clinic's rows. One table per kind of row, the columns that are searched by as columns of their own; lists that are
-- only ever read whole are CBOR. There are no foreign keys between buckets: a device may hold an appointment and not its
-- client's records, and a snapshot fills one bucket after another.

CREATE TABLE clinic (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL, opens_minute INTEGER NOT NULL,
    closes_minute INTEGER NOT NULL, clinical_public BLOB NOT NULL, demo INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, roles BLOB NOT NULL, council BLOB, color INTEGER NOT NULL,
    active INTEGER NOT NULL, takes_appointments INTEGER NOT NULL, signing_public BLOB NOT NULL, credential BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE treatment (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, duration_minutes INTEGER NOT NULL,
    price INTEGER NOT NULL, areas BLOB NOT NULL, needs_consent INTEGER NOT NULL, needs_lot INTEGER NOT NULL,
    active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE product (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, anvisa TEXT, unit TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Clients have a number of their own because the full-text index refers to rows by number.
CREATE TABLE client (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL, social_name TEXT, cpf TEXT, phone TEXT,
    email TEXT, birth_date INTEGER, registered_at INTEGER NOT NULL, registered_by BLOB NOT NULL,
    folded TEXT NOT NULL
) STRICT;
CREATE INDEX client_by_name ON client (folded, id);
CREATE INDEX client_by_cpf ON client (cpf) WHERE cpf IS NOT NULL;

CREATE VIRTUAL TABLE client_search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4',
    tokenize = "unicode61 remove_diacritics 0"
);

CREATE TABLE alert (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, severity BLOB NOT NULL, text TEXT NOT NULL, since INTEGER NOT NULL,
    by BLOB NOT NULL, ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_by_client ON alert (client, ended_at);

CREATE TABLE consent (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, purpose INTEGER NOT NULL, text_version TEXT NOT NULL,
    text_hash BLOB NOT NULL, signer TEXT NOT NULL, signed_at INTEGER NOT NULL, recorded_by BLOB NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_by_client ON consent (client, purpose, revoked_at);

CREATE TABLE appointment (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, staff BLOB NOT NULL, room BLOB NOT NULL, treatment BLOB NOT NULL,
    day INTEGER NOT NULL, start_minute INTEGER NOT NULL, duration_minutes INTEGER NOT NULL, status INTEGER NOT NULL,
    arrived_at INTEGER, started_at INTEGER, finished_at INTEGER, note TEXT, booked_by BLOB NOT NULL,
    booked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX appointment_by_day ON appointment (day, start_minute);
CREATE INDEX appointment_by_staff ON appointment (staff, day);
CREATE INDEX appointment_by_room ON appointment (room, day);
CREATE INDEX appointment_by_client ON appointment (client, day, status);

CREATE TABLE visit_ticks (
    id BLOB PRIMARY KEY, notes INTEGER NOT NULL, photos INTEGER NOT NULL, lots INTEGER NOT NULL, payment INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client_key (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, sealed BLOB NOT NULL, made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX client_key_by_client ON client_key (client, made_at);

CREATE TABLE encounter (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, appointment BLOB, practitioner BLOB NOT NULL, treatment BLOB NOT NULL,
    areas BLOB NOT NULL, notes BLOB NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, locked_at INTEGER NOT NULL,
    addendum_to BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX encounter_by_client ON encounter (client, at);
CREATE INDEX encounter_by_first ON encounter (addendum_to) WHERE addendum_to IS NOT NULL;

CREATE TABLE photo (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, encounter BLOB, appointment BLOB, region TEXT NOT NULL, view TEXT NOT NULL,
    phase INTEGER NOT NULL, taken_at INTEGER NOT NULL, imported_at INTEGER NOT NULL, imported_by BLOB NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, thumbhash BLOB NOT NULL, fingerprint BLOB NOT NULL,
    original_bytes INTEGER NOT NULL, original BLOB NOT NULL, client_key BLOB NOT NULL, wrapped_key BLOB NOT NULL,
    sealed_details BLOB NOT NULL, renditions BLOB NOT NULL, withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_by_client ON photo (client, taken_at);
CREATE INDEX photo_by_time ON photo (taken_at, id);
CREATE INDEX photo_by_fingerprint ON photo (fingerprint);

CREATE TABLE lot (
    id BLOB PRIMARY KEY, product BLOB NOT NULL, code TEXT NOT NULL, expires INTEGER NOT NULL, received INTEGER NOT NULL,
    remaining INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lot_use (
    id BLOB PRIMARY KEY, encounter BLOB NOT NULL, lot BLOB NOT NULL, client BLOB NOT NULL, quantity INTEGER NOT NULL,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_use_by_encounter ON lot_use (encounter);
CREATE INDEX lot_use_by_lot ON lot_use (lot, client);

CREATE TABLE payment (
    id BLOB PRIMARY KEY, client BLOB NOT NULL, appointment BLOB, amount INTEGER NOT NULL, method INTEGER NOT NULL,
    instalments INTEGER NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, taken_by BLOB NOT NULL, refund_of BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_by_client ON payment (client, at, amount);
CREATE INDEX payment_by_appointment ON payment (appointment) WHERE appointment IS NOT NULL;

-- Derived by the row writer, never written by anything else.

CREATE TABLE rollup_visits (
    day INTEGER NOT NULL, staff BLOB NOT NULL, treatment BLOB NOT NULL, status INTEGER NOT NULL, visits INTEGER NOT NULL,
    minutes INTEGER NOT NULL, PRIMARY KEY (day, staff, treatment, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_payments (
    day INTEGER NOT NULL, method INTEGER NOT NULL, entries INTEGER NOT NULL, cents INTEGER NOT NULL,
    PRIMARY KEY (day, method)
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket_checksum (
    bucket INTEGER PRIMARY KEY, rows INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT;

-- Who did what: append-only, chained, outside undo.

CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor BLOB, what TEXT NOT NULL, subject BLOB, evidence BLOB,
    hash BLOB NOT NULL
) STRICT;

-- The console's side of sync.

CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY, envelope BLOB NOT NULL, state BLOB NOT NULL, touched BLOB NOT NULL, reads BLOB NOT NULL,
    provisional INTEGER NOT NULL, sent_at INTEGER
) STRICT;

CREATE TABLE confirmed_image (
    tbl INTEGER NOT NULL, id BLOB NOT NULL, row BLOB, PRIMARY KEY (tbl, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    name TEXT PRIMARY KEY, value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_state (
    blob BLOB PRIMARY KEY, photo BLOB NOT NULL, original INTEGER NOT NULL, len INTEGER NOT NULL, present INTEGER NOT NULL,
    uploaded_at INTEGER, sent INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_waiting ON blob_state (original, blob) WHERE uploaded_at IS NULL AND present = 1;

-- The server's side of sync.

CREATE TABLE executed (
    device BLOB NOT NULL, incarnation BLOB NOT NULL, sequence INTEGER NOT NULL, seq INTEGER, actor BLOB NOT NULL,
    name TEXT NOT NULL, hash BLOB NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL, decision BLOB NOT NULL,
    PRIMARY KEY (device, incarnation, sequence)
) STRICT, WITHOUT ROWID;

-- The latest change of each row; contents are read from the row itself.
CREATE TABLE change_log (
    tbl INTEGER NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tbl, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_log_by_seq ON change_log (seq);

CREATE TABLE device (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, profile INTEGER NOT NULL, public BLOB NOT NULL, enrolled_at INTEGER NOT NULL,
    revoked_at INTEGER, last_seen INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_code (
    hash BLOB PRIMARY KEY, profile INTEGER NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL, used_at INTEGER
) STRICT, WITHOUT ROWID;
