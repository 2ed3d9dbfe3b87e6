using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// A file of its own beside the store's, so that nothing here holds up a commit: FTS5 without positions, a table a
/// layer. A row's id is its share and cursor: one share is one range of each index. FTS5 goes through all rows of the
/// first word before it looks at a range of ids, so each row has a word of its share, which comes first. A damaged file
/// is made anew.
/// </summary>
internal sealed class SqliteSearchIndex : ISearchIndex
{
    private const int SchemaVersion = 2;
    private const int CursorBits = 36;
    private const int CacheKiB = 8_192;
    private const int PooledReaders = 4;
    private const string Damaged = ".damaged";

    private static readonly SearchLayer[] Layers = Enum.GetValues<SearchLayer>();

    private static readonly string Tables = string.Concat(Layers.Select(layer =>
        $"""
        CREATE VIRTUAL TABLE words_{(int)layer} USING fts5(words, content='', detail=none, tokenize='ascii');
        INSERT INTO words_{(int)layer} (words_{(int)layer}, rank) VALUES ('secure-delete', 1);

        """));

    private static readonly string[] Columns = [.. Layers.Select(layer => $"words_{(int)layer}")];

    private readonly string path;
    private readonly SqliteFile file;
    private readonly Statements writer;
    private readonly LogMaintenance log;
    private readonly Lock writing = new();
    private readonly ConcurrentBag<Statements> readers = [];
    private volatile bool isDisposed;

    static SqliteSearchIndex() => SqliteFile.ConfigureProcess();

    private SqliteSearchIndex(string path, ServerLimits limits, ILogger? logger)
    {
        this.path = path;
        file = new SqliteFile(path, cacheKiB: CacheKiB);
        writer = new Statements(SyncedAtCheckpoints(file.OpenForWriting()), Translate);
        try
        {
            Prepare();
            log = new LogMaintenance(
                writer, SyncedAtCheckpoints(file.OpenForMaintenance()), limits.LogBytes, limits.LogPause,
                failure => logger?.LogMaintenanceFailed(failure));
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public static SqliteSearchIndex Open(string path, ServerLimits limits, ILogger? logger = null)
    {
        if (File.Exists(MarkOf(path))) Delete(path);
        try
        {
            return new SqliteSearchIndex(path, limits, logger);
        }
        catch (Exception exception) when (exception is SqliteException or StorageException)
        {
            Delete(path);
            return new SqliteSearchIndex(path, limits, logger);
        }
    }

    public ValueTask<long> IndexedAsync(long shareKey) =>
        new(Read(reader => reader.ReadNumber("SELECT indexed FROM share WHERE share_key = ?1", shareKey)));

    public ValueTask<bool> WriteAsync(long shareKey, long from, long upTo, IReadOnlyList<SearchEntry> entries) =>
        new(Write(() =>
        {
            if (writer.ReadNumber("SELECT indexed FROM share WHERE share_key = ?1", shareKey) != from) return false;
            foreach (SearchEntry entry in entries)
            {
                long id = writer.ReadNumber(
                    "SELECT id FROM entry WHERE share_key = ?1 AND kind = ?2 AND key = ?3",
                    shareKey, entry.Kind, entry.Key);
                if (id != 0) Remove(id);
                if (entry.Words.Count > 0) Add(shareKey, entry);
            }

            writer.Execute("INSERT OR REPLACE INTO share (share_key, indexed) VALUES (?1, ?2)", shareKey, upTo);
            return true;
        }));

    public ValueTask<IReadOnlyList<SearchPlace>> FindAsync(long shareKey, SearchQuery query, long after, int limit) =>
        new(Read(reader =>
        {
            long first = IdOf(shareKey, after) + 1;
            long last = IdOf(shareKey + 1, 0) - 1;
            string match = MatchOf(query, shareKey);
            var ids = new SortedSet<long>();
            foreach (SearchLayer layer in query.Layers)
            {
                ids.UnionWith(reader.ReadAll(
                    $"""
                    SELECT rowid FROM words_{(int)layer} WHERE words_{(int)layer} MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                    ORDER BY rowid LIMIT ?4
                    """,
                    row => row.Number(0), match, first, last, limit));
            }

            return (IReadOnlyList<SearchPlace>)[.. ids.Take(limit).Select(id => PlaceOf(reader, id))];
        }));

    public ValueTask<SearchPlace?> FindNewestAsync(long shareKey, SearchQuery query, long before) =>
        new(Read(reader =>
        {
            (long first, long last) = (IdOf(shareKey, 0), IdOf(shareKey, before));
            long newest = FindNewest(reader, query, MatchOf(query, shareKey), first, last);
            return newest > first ? PlaceOf(reader, newest) : null;
        }));

    public ValueTask<IReadOnlyList<SearchPlace>> FindNewestOfAllAsync(
        SearchQuery query, long beforeShare, int limit) =>
        new(Read(reader =>
        {
            long before = IdOf(beforeShare, 0);
            string match = MatchOf(query);
            var places = new List<SearchPlace>();
            while (places.Count < limit && FindNewest(reader, query, match, 0, before) is > 0 and var newest)
            {
                places.Add(PlaceOf(reader, newest));
                before = IdOf(places[^1].ShareKey, 0);
            }

            return (IReadOnlyList<SearchPlace>)places;
        }));

    public ValueTask<bool> EraseAsync(long shareKey, int rows, long indexed = ISearchIndex.Erased) => new(Write(() =>
    {
        List<long> ids = writer.ReadAll(
            "SELECT id FROM entry WHERE share_key = ?1 LIMIT ?2", row => row.Number(0), shareKey, rows);
        foreach (long id in ids) Remove(id);
        writer.Execute("INSERT OR REPLACE INTO share (share_key, indexed) VALUES (?1, ?2)", shareKey, indexed);
        return ids.Count < rows;
    }));

    public Task<bool> PurgeAsync(CancellationToken stopping) => Task.Run(async () =>
    {
        Task<bool> purge = log.PurgeAsync();
        lock (writing) log.BeforeTransaction();
        return await purge.ConfigureAwait(false);
    }, stopping);

    public void Dispose()
    {
        isDisposed = true;
        while (readers.TryTake(out Statements? reader)) reader.Dispose();
        writer.Dispose();
        log.Dispose();
        if (File.Exists(MarkOf(path))) Delete(path);
    }

    private static long IdOf(long shareKey, long cursor) =>
        shareKey >= 1L << (63 - CursorBits) ? long.MaxValue
            : (shareKey << CursorBits) + Math.Min(cursor, (1L << CursorBits) - 1);

    /// <summary>A loss of power may take the newest entries, with what says that they are there.</summary>
    private static SqliteConnection SyncedAtCheckpoints(SqliteConnection connection)
    {
        SqliteFile.Execute(connection, "PRAGMA synchronous=NORMAL");
        return connection;
    }

    /// <summary>No text has a word with this sign.</summary>
    private static string WordOf(long shareKey) => $"§{shareKey}";

    private static string MatchOf(SearchQuery query, long? shareKey = null) => string.Join(" AND ",
        query.Words.Prepend(shareKey is { } key ? WordOf(key) : null).OfType<string>().Select(word => $"\"{word}\""));

    /// <summary>Returns the newest id between two; for none the lower one.</summary>
    private static long FindNewest(Statements reader, SearchQuery query, string match, long after, long before)
    {
        long newest = after;
        foreach (SearchLayer layer in query.Layers)
        {
            newest = Math.Max(newest, reader.ReadNumber(
                $"""
                SELECT rowid FROM words_{(int)layer} WHERE words_{(int)layer} MATCH ?1 AND rowid < ?2 AND rowid > ?3
                ORDER BY rowid DESC LIMIT 1
                """,
                match, before, newest));
        }

        return newest;
    }

    private static SearchPlace PlaceOf(Statements reader, long id)
    {
        (string kind, string key) = reader.ReadOne(
            "SELECT kind, key FROM entry WHERE id = ?1", row => (row.Text(0), row.Text(1)), id);
        return new SearchPlace(id >> CursorBits, id & ((1L << CursorBits) - 1), kind, key);
    }

    private void Prepare()
    {
        long version = SqliteFile.ReadNumber(writer.Connection, "PRAGMA user_version");
        if (version == SchemaVersion) return;
        if (version != 0) throw new StorageException(StorageFailure.Damaged, $"{path} is of another version.");
        SqliteFile.Execute(writer.Connection,
            $"""
            BEGIN IMMEDIATE;
            CREATE TABLE share (share_key INTEGER PRIMARY KEY, indexed INTEGER NOT NULL);
            CREATE TABLE entry (
              id INTEGER PRIMARY KEY, share_key INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
              {string.Join(", ", Columns.Select(column => $"{column} TEXT"))});
            CREATE UNIQUE INDEX entry_document ON entry (share_key, kind, key);
            {Tables}
            PRAGMA user_version = {SchemaVersion};
            COMMIT
            """);
    }

    private void Add(long shareKey, SearchEntry entry)
    {
        long id = IdOf(shareKey, entry.Cursor);
        writer.Execute(
            "INSERT INTO entry (id, share_key, kind, key) VALUES (?1, ?2, ?3, ?4)",
            id, shareKey, entry.Kind, entry.Key);
        foreach ((SearchLayer layer, IReadOnlyCollection<string> words) in entry.Words)
        {
            string text = string.Join(' ', words.Prepend(WordOf(shareKey)));
            writer.Execute($"UPDATE entry SET words_{(int)layer} = ?2 WHERE id = ?1", id, text);
            writer.Execute($"INSERT INTO words_{(int)layer} (rowid, words) VALUES (?1, ?2)", id, text);
        }
    }

    private void Remove(long id)
    {
        foreach (SearchLayer layer in Layers)
        {
            string column = $"words_{(int)layer}";
            if (writer.ReadText($"SELECT {column} FROM entry WHERE id = ?1", id) is not { } text) continue;
            writer.Execute($"INSERT INTO {column} ({column}, rowid, words) VALUES ('delete', ?1, ?2)", id, text);
        }

        writer.Execute("DELETE FROM entry WHERE id = ?1", id);
    }

    private bool Write(Func<bool> write)
    {
        lock (writing)
        {
            log.BeforeTransaction();
            writer.Execute("BEGIN IMMEDIATE");
            try
            {
                bool isWritten = write();
                writer.Execute("COMMIT");
                log.AfterCommit();
                return isWritten;
            }
            catch
            {
                if (SQLitePCL.raw.sqlite3_get_autocommit(writer.Connection.Handle) == 0) writer.Execute("ROLLBACK");
                throw;
            }
        }
    }

    private T Read<T>(Func<Statements, T> read)
    {
        if (!readers.TryTake(out Statements? reader)) reader = new Statements(file.OpenForReading(), Translate);
        reader.Execute("BEGIN");
        try
        {
            return read(reader);
        }
        finally
        {
            reader.Execute("COMMIT");
            if (isDisposed || readers.Count >= PooledReaders) reader.Dispose();
            else readers.Add(reader);
        }
    }

    private StorageException Translate(SqliteException failure)
    {
        if (SqliteTrouble.IsDamage(failure)) Mark();
        return SqliteFailures.Translate(failure, path);
    }

    /// <summary>Says to the next start that the file is to be made anew, however this process ends.</summary>
    private void Mark()
    {
        try
        {
            new FileStream(MarkOf(path), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.Write,
                UnixCreateMode = OperatingSystem.IsWindows() ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whoever meets the damage next tries again.
        }
    }

    private static string MarkOf(string path) => path + Damaged;

    private static void Delete(string path)
    {
        foreach (string suffix in (string[])["", "-wal", "-shm", Damaged]) File.Delete(path + suffix);
    }
}
