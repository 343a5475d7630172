-- Finds parts of titles as the side panel is filtered, without looking at every title.
CREATE VIRTUAL TABLE titles_trigrams USING fts5 (
  title_folded,
  content = 'conversations',
  content_rowid = 'key',
  tokenize = 'trigram'
);

INSERT INTO titles_trigrams (titles_trigrams) VALUES ('rebuild');

CREATE TRIGGER title_parts_added AFTER INSERT ON conversations
BEGIN
  INSERT INTO titles_trigrams (rowid, title_folded) VALUES (new.key, new.title_folded);
END;

CREATE TRIGGER title_parts_removed AFTER DELETE ON conversations
BEGIN
  INSERT INTO titles_trigrams (titles_trigrams, rowid, title_folded)
    VALUES ('delete', old.key, old.title_folded);
END;

CREATE TRIGGER title_parts_changed AFTER UPDATE OF title_folded ON conversations
WHEN old.title_folded <> new.title_folded
BEGIN
  INSERT INTO titles_trigrams (titles_trigrams, rowid, title_folded)
    VALUES ('delete', old.key, old.title_folded);
  INSERT INTO titles_trigrams (rowid, title_folded) VALUES (new.key, new.title_folded);
END;
