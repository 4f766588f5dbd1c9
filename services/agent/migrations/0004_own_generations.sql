-- Which agent's process writes it, so that others can end what a lost one left. Empty: of before there were several.
ALTER TABLE generations ADD COLUMN owner TEXT NOT NULL DEFAULT '';
