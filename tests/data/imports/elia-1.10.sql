BEGIN TRANSACTION;
CREATE TABLE chat (
	id INTEGER NOT NULL, 
	model VARCHAR NOT NULL, 
	title VARCHAR, 
	started_at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	archived BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "chat" VALUES(1,'ollama/gemma3:270m','','2026-11-23 20:44:37.182374',0);
INSERT INTO "chat" VALUES(2,'ollama/gemma3:270m','','2026-11-23 20:47:38.635039',0);
CREATE TABLE message (
	id INTEGER NOT NULL, 
	chat_id INTEGER, 
	role VARCHAR NOT NULL, 
	content VARCHAR NOT NULL, 
	timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, 
	meta JSON, 
	parent_id INTEGER, 
	model VARCHAR, 
	PRIMARY KEY (id), 
	FOREIGN KEY(chat_id) REFERENCES chat (id), 
	FOREIGN KEY(parent_id) REFERENCES message (id)
);
INSERT INTO "message" VALUES(1,1,'system','You are a helpful assistant named Elia.','2026-11-23 20:44:37.181984','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(2,1,'user','Grüße 👩👩👧 日本語 "quoted" <b>&amp; \n $HOME','2026-11-23 20:44:37.181984','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(3,2,'system','You are a helpful assistant named Elia.','2026-11-23 20:47:38.634770','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(4,2,'user','Second: x < y && "z" — Ünï 日本','2026-11-23 20:47:38.634770','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(5,2,'assistant','You said: ### System:
You are a helpful assistant named Elia.

### User:
Second: x < y && "z" — Ünï 日本

','2026-11-23 20:47:39.318472','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(6,2,'user','And a thirdwithtabs? `code` ```py','2026-11-23 20:51:45.903827','{}',NULL,'ollama/gemma3:270m');
INSERT INTO "message" VALUES(7,2,'assistant','You said: r:
Second: x < y && "z" — Ünï 日本

### Assistant:
You said: ### System:
You are a helpful assistant named Elia.

### User:
Second: x < y && "z" — Ünï 日本



### User:
And a thirdwithtabs? `code` ```py

','2026-11-23 20:51:46.108432','{}',NULL,'ollama/gemma3:270m');
CREATE TABLE system_prompt (
	id INTEGER NOT NULL, 
	title VARCHAR NOT NULL, 
	prompt VARCHAR NOT NULL, 
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	PRIMARY KEY (id)
);
COMMIT;
