using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Checks pages at start, within a time limit; <c>sharerpc check</c> reads everything.</summary>
internal static class StartCheck
{
    private const int Corrupt = 11;

    /// <summary>Throws a <see cref="SqliteException"/> (<c>SQLITE_CORRUPT</c>) for damage.</summary>
    public static void Run(SqliteConnection connection, TimeSpan within, TimeProvider time)
    {
        if (within <= TimeSpan.Zero) return;
        using var over = new CancellationTokenSource(within, time);
        using CancellationTokenRegistration interrupt =
            over.Token.Register(() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle));
        string result;
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA quick_check(1)";
            result = (string)command.ExecuteScalar()!;
        }
        catch (SqliteException) when (over.IsCancellationRequested)
        {
            return;
        }

        // An interrupted check reports unread pages.
        if (result == "ok" || over.IsCancellationRequested) return;
        throw new SqliteException($"damaged: {result}", Corrupt);
    }
}
