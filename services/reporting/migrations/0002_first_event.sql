-- When the first event happened that was counted in: a rebuild from a stream that begins later would lose what lies before.
ALTER TABLE feed ADD COLUMN first_event_time timestamptz;
