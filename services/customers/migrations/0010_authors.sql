-- Who created records and who changed them last; customers have it already.
SELECT keep_authors('contact', 'revision', 'contact');
SELECT keep_authors('interaction', 'revision', 'interaction');
SELECT keep_authors('relation', NULL, 'relation');
-- Whatever is written to one changes it.
CREATE TRIGGER relation_updated BEFORE UPDATE ON relation FOR EACH ROW EXECUTE FUNCTION note_author();
SELECT keep_authors('customer_share', NULL, NULL);
SELECT keep_authors('pool', 'revision', 'pool');
SELECT keep_authors('view', 'revision', 'view');
-- Known by keys of their own, which the trail does not hold.
SELECT keep_authors('field', 'revision', NULL);
SELECT keep_authors('dictionary', NULL, NULL);
SELECT keep_authors('dictionary_entry', 'revision', NULL);

-- What comes with the product bears no times.
ALTER TABLE dictionary ADD COLUMN create_time timestamptz;
ALTER TABLE dictionary ALTER COLUMN create_time SET DEFAULT now();
ALTER TABLE dictionary_entry ADD COLUMN create_time timestamptz, ADD COLUMN update_time timestamptz;
ALTER TABLE dictionary_entry ALTER COLUMN create_time SET DEFAULT now(), ALTER COLUMN update_time SET DEFAULT now();
