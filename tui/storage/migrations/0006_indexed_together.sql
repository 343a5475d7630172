-- Many messages at once are indexed with one statement behind them, which costs a third: they are stored with
-- the owner '+', which means this, and get none when they are indexed.
DROP TRIGGER messages_added;
CREATE TRIGGER messages_added AFTER INSERT ON messages
WHEN new.status <> 'streaming' AND new.owner IS NOT '+'
BEGIN
  INSERT INTO messages_index (rowid, content) VALUES (new.key, new.content);
END;

DROP TRIGGER trigrams_added;
CREATE TRIGGER trigrams_added AFTER INSERT ON messages
WHEN new.status <> 'streaming' AND new.owner IS NOT '+'
BEGIN
  INSERT INTO messages_trigrams (rowid, content) VALUES (new.key, new.content);
END;
