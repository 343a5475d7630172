-- Times are seconds since the epoch. Long texts stand last, so that reading a row's other columns does
-- not walk through them.

CREATE TABLE conversations (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  pinned INTEGER NOT NULL,
  unread INTEGER NOT NULL,
  trashed_at REAL,
  title_by_user INTEGER NOT NULL,
  active_leaf TEXT,
  model TEXT NOT NULL,
  think TEXT,
  title TEXT NOT NULL,
  -- The title for comparing without regard to case, in any script (LIKE and NOCASE know ASCII only).
  title_folded TEXT NOT NULL,
  options TEXT NOT NULL,
  system TEXT NOT NULL
) STRICT;

-- Covers listing and filtering by title: neither sorts, and filtering reads this index alone.
CREATE INDEX conversations_listed
  ON conversations (pinned DESC, updated_at DESC, key DESC, title_folded) WHERE trashed_at IS NULL;

CREATE INDEX conversations_trashed ON conversations (trashed_at) WHERE trashed_at IS NOT NULL;

CREATE TABLE conversation_tags (
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_tags_tag ON conversation_tags (tag);

CREATE TABLE messages (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  parent_id TEXT,
  role TEXT NOT NULL,
  created_at REAL NOT NULL,
  finished_at REAL,
  status TEXT NOT NULL,
  -- The process that writes the message while its status is 'streaming'.
  owner TEXT,
  model TEXT NOT NULL,
  stop_reason TEXT NOT NULL,
  prompt_tokens INTEGER,
  answer_tokens INTEGER,
  total_seconds REAL,
  load_seconds REAL,
  prompt_seconds REAL,
  answer_seconds REAL,
  first_token_seconds REAL,
  thinking_seconds REAL,
  error TEXT NOT NULL,
  hint TEXT NOT NULL,
  tool_name TEXT NOT NULL,
  tool_calls TEXT NOT NULL,
  content TEXT NOT NULL,
  thinking TEXT NOT NULL
) STRICT;

CREATE INDEX messages_conversation ON messages (conversation);

CREATE INDEX messages_streaming ON messages (owner) WHERE status = 'streaming';

CREATE TABLE attachments (
  digest TEXT PRIMARY KEY,
  added_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE message_attachments (
  message INTEGER NOT NULL REFERENCES messages (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  digest TEXT NOT NULL REFERENCES attachments (digest),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  width INTEGER,
  height INTEGER,
  PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_attachments_digest ON message_attachments (digest);

CREATE TABLE queued_messages (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  created_at REAL NOT NULL,
  -- The process that will send the message.
  owner TEXT NOT NULL,
  content TEXT NOT NULL
) STRICT;

CREATE INDEX queued_messages_conversation ON queued_messages (conversation);

CREATE TABLE queued_attachments (
  message INTEGER NOT NULL REFERENCES queued_messages (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  digest TEXT NOT NULL REFERENCES attachments (digest),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  width INTEGER,
  height INTEGER,
  PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX queued_attachments_digest ON queued_attachments (digest);

-- NULL is the conversation that has not begun; the index lets it stand twice, saving a draft does not.
CREATE TABLE drafts (
  conversation INTEGER REFERENCES conversations (key) ON DELETE CASCADE,
  content TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX drafts_conversation ON drafts (conversation);

-- What is being written is not indexed until it has ended: a checkpoint then costs one row.
CREATE VIEW messages_searched AS SELECT key, content FROM messages WHERE status <> 'streaming';

CREATE VIRTUAL TABLE messages_index USING fts5 (
  content,
  content = 'messages_searched',
  content_rowid = 'key',
  tokenize = 'unicode61 remove_diacritics 2',
  prefix = '2 3'
);

CREATE TRIGGER messages_added AFTER INSERT ON messages WHEN new.status <> 'streaming'
BEGIN
  INSERT INTO messages_index (rowid, content) VALUES (new.key, new.content);
END;

CREATE TRIGGER messages_removed AFTER DELETE ON messages WHEN old.status <> 'streaming'
BEGIN
  INSERT INTO messages_index (messages_index, rowid, content) VALUES ('delete', old.key, old.content);
END;

CREATE TRIGGER messages_ended AFTER UPDATE OF status ON messages
WHEN old.status = 'streaming' AND new.status <> 'streaming'
BEGIN
  INSERT INTO messages_index (rowid, content) VALUES (new.key, new.content);
END;

CREATE TRIGGER messages_reopened AFTER UPDATE OF status ON messages
WHEN old.status <> 'streaming' AND new.status = 'streaming'
BEGIN
  INSERT INTO messages_index (messages_index, rowid, content) VALUES ('delete', old.key, old.content);
END;

CREATE TRIGGER messages_changed AFTER UPDATE OF content ON messages
WHEN old.status <> 'streaming' AND new.status <> 'streaming' AND old.content <> new.content
BEGIN
  INSERT INTO messages_index (messages_index, rowid, content) VALUES ('delete', old.key, old.content);
  INSERT INTO messages_index (rowid, content) VALUES (new.key, new.content);
END;

CREATE VIRTUAL TABLE titles_index USING fts5 (
  title,
  content = 'conversations',
  content_rowid = 'key',
  tokenize = 'unicode61 remove_diacritics 2',
  prefix = '2 3'
);

CREATE TRIGGER titles_added AFTER INSERT ON conversations
BEGIN
  INSERT INTO titles_index (rowid, title) VALUES (new.key, new.title);
END;

CREATE TRIGGER titles_removed AFTER DELETE ON conversations
BEGIN
  INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.key, old.title);
END;

CREATE TRIGGER titles_changed AFTER UPDATE OF title ON conversations WHEN old.title <> new.title
BEGIN
  INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.key, old.title);
  INSERT INTO titles_index (rowid, title) VALUES (new.key, new.title);
END;
