-- What a conversation is answered with, beside its model: the server's name in the settings, what leaves when
-- the context window is full, how long the model stays loaded, and the form of the answer.
ALTER TABLE conversations ADD COLUMN server TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN policy TEXT NOT NULL DEFAULT 'drop_oldest';
ALTER TABLE conversations ADD COLUMN keep_alive TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN answer_format TEXT NOT NULL DEFAULT '';

-- Messages that always stay in what the model is told.
CREATE TABLE pinned_messages (
  message INTEGER PRIMARY KEY REFERENCES messages (key) ON DELETE CASCADE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE
) STRICT;

CREATE INDEX pinned_messages_conversation ON pinned_messages (conversation);

-- What is told instead of the messages up to one: it counts for every branch that goes through that message.
CREATE TABLE summaries (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  -- The id of the last message that it stands for.
  upto TEXT NOT NULL,
  created_at REAL NOT NULL,
  by_user INTEGER NOT NULL,
  model TEXT NOT NULL,
  content TEXT NOT NULL
) STRICT;

CREATE INDEX summaries_conversation ON summaries (conversation);

-- What is known of how many tokens a model makes of texts and images, as JSON.
CREATE TABLE calibrations (
  model TEXT PRIMARY KEY,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Files that were attached and not sent; NULL is the conversation that has not begun.
CREATE TABLE draft_attachments (
  conversation INTEGER REFERENCES conversations (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  digest TEXT NOT NULL REFERENCES attachments (digest),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  width INTEGER,
  height INTEGER
) STRICT;

CREATE INDEX draft_attachments_conversation ON draft_attachments (conversation);

CREATE INDEX draft_attachments_digest ON draft_attachments (digest);
