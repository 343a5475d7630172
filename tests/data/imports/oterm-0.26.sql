BEGIN TRANSACTION;
CREATE TABLE "chat" (
                        "id"            INTEGER,
                        "name"          TEXT,
                        "model"         TEXT NOT NULL,
                        "system"        TEXT,
                        "provider"      TEXT DEFAULT "ollama",
                        "parameters"    TEXT DEFAULT "{}",
                        "tools"         TEXT DEFAULT "[]",
                        "thinking"      BOOLEAN DEFAULT 0,
                        PRIMARY KEY("id" AUTOINCREMENT)
                    );
INSERT INTO "chat" VALUES(1,'chat #1 - qwen3-vl:8b','qwen3-vl:8b','Be brief. Use “quotes” & <tags>.','ollama','{"temperature": 0.7}','[]',0);
CREATE TABLE "message" (
                        "id"		INTEGER,
                        "chat_id"	INTEGER NOT NULL,
                        "author"	TEXT NOT NULL,
                        "text"		TEXT NOT NULL,
                        "images"    TEXT DEFAULT "[]",
                        PRIMARY KEY("id" AUTOINCREMENT),
                        FOREIGN KEY("chat_id") REFERENCES "chat"("id") ON DELETE CASCADE
                    );
INSERT INTO "message" VALUES(1,1,'user','Erste Frage: Grüße 👩👩👧 <b>&</b> "q"','[]');
INSERT INTO "message" VALUES(2,1,'assistant','You said: Erste Frage: Grüße 👩👩👧 <b>&</b> "q"','[]');
INSERT INTO "message" VALUES(3,1,'user','[Image #1]  What do you see?','["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNQcGgAAAFkAOHHE8n2AAAAAElFTkSuQmCC"]');
INSERT INTO "message" VALUES(4,1,'assistant','You said: [image]   What do you see?','[]');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('chat',1);
INSERT INTO "sqlite_sequence" VALUES('message',4);
COMMIT;
