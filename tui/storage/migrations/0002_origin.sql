-- Where an imported conversation came from: importing it again finds it by this.
ALTER TABLE conversations ADD COLUMN origin TEXT;

CREATE UNIQUE INDEX conversations_origin ON conversations (origin) WHERE origin IS NOT NULL;
