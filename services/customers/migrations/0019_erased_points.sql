-- Why points were given can name a person: an erasure takes the words away, and nothing else of an entry ever changes.
CREATE OR REPLACE FUNCTION point_entry_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM customer WHERE id = OLD.customer_id) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.reason = '' AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'entries of the ledger of points stay as they are';
END $$;
