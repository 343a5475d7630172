-- A message that was deleted by itself stays where it is in the tree, so that undoing is exact; what follows
-- it hangs on its nearest ancestor that was not deleted.
CREATE TABLE deleted_messages (
  message INTEGER PRIMARY KEY REFERENCES messages (key) ON DELETE CASCADE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  deleted_at REAL NOT NULL
) STRICT;

CREATE INDEX deleted_messages_conversation ON deleted_messages (conversation);

-- Finds what words do not: parts of identifiers, and scripts that write no spaces.
CREATE VIRTUAL TABLE messages_trigrams USING fts5 (
  content,
  content = 'messages_searched',
  content_rowid = 'key',
  tokenize = 'trigram'
);

INSERT INTO messages_trigrams (messages_trigrams) VALUES ('rebuild');

CREATE TRIGGER trigrams_added AFTER INSERT ON messages WHEN new.status <> 'streaming'
BEGIN
  INSERT INTO messages_trigrams (rowid, content) VALUES (new.key, new.content);
END;

CREATE TRIGGER trigrams_removed AFTER DELETE ON messages WHEN old.status <> 'streaming'
BEGIN
  INSERT INTO messages_trigrams (messages_trigrams, rowid, content) VALUES ('delete', old.key, old.content);
END;

CREATE TRIGGER trigrams_ended AFTER UPDATE OF status ON messages
WHEN old.status = 'streaming' AND new.status <> 'streaming'
BEGIN
  INSERT INTO messages_trigrams (rowid, content) VALUES (new.key, new.content);
END;

CREATE TRIGGER trigrams_reopened AFTER UPDATE OF status ON messages
WHEN old.status <> 'streaming' AND new.status = 'streaming'
BEGIN
  INSERT INTO messages_trigrams (messages_trigrams, rowid, content) VALUES ('delete', old.key, old.content);
END;

CREATE TRIGGER trigrams_changed AFTER UPDATE OF content ON messages
WHEN old.status <> 'streaming' AND new.status <> 'streaming' AND old.content <> new.content
BEGIN
  INSERT INTO messages_trigrams (messages_trigrams, rowid, content) VALUES ('delete', old.key, old.content);
  INSERT INTO messages_trigrams (rowid, content) VALUES (new.key, new.content);
END;
