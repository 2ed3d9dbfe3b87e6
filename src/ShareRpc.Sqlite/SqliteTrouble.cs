using Microsoft.Data.Sqlite;

namespace ShareRpc.Sqlite;

internal static class SqliteTrouble
{
    // sqlite.org/rescode.html
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static bool IsDamage(SqliteException exception) => exception.SqliteErrorCode is Corrupt or NotADatabase;

    public static bool IsBusy(SqliteException exception) => exception.SqliteErrorCode is Busy or Locked;

    public static bool IsReadOnly(SqliteException exception) => exception.SqliteErrorCode is ReadOnly or CannotOpen;

    public static bool IsFull(SqliteException exception) => exception.SqliteErrorCode == Full;

    public static string Describe(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        Corrupt or NotADatabase =>
            $"The database {path} is damaged: restore a backup. To see what is wrong with it, run sharerpc check on "
                + "its directory.",
        Busy or Locked =>
            $"The database {path} is locked: another program holds it. End that program, then start again.",
        ReadOnly or CannotOpen =>
            $"The database {path} cannot be written: make it and its directory writable for this user, then start "
                + "again.",
        Full => $"The disk that holds {path} is full: free some space, then start again.",
        InputOutput =>
            $"The disk failed under {path}: see that it has space and is sound (the system's log says more), then "
                + "start again.",
        _ => $"The database {path} cannot be opened (SQLite error {exception.SqliteErrorCode}). Free it, or restore a "
            + "backup.",
    };
}
