-- A trigger has semicolons inside, a literal has what looks like a parameter.
CREATE TABLE books (id TEXT PRIMARY KEY, title TEXT NOT NULL DEFAULT ':none');
CREATE TABLE titles (title TEXT NOT NULL);
CREATE TRIGGER books_title AFTER INSERT ON books BEGIN
  INSERT INTO titles (title) VALUES (new.title);
  DELETE FROM titles WHERE title = 'x;';
END;
