using Microsoft.Data.Sqlite;

namespace ShareRpc.Sources.Opencode;

/// <summary>What opencode itself shares.</summary>
public sealed partial class OpencodeDatabase
{
    /// <summary>That of the chosen session, as <see cref="FindShare(string)"/>; the selection is of one.</summary>
    public OpencodeOwnShare? FindShare(OpencodeSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        try
        {
            return FindShare(selection.Choose(ListSessions(), isAlone: true)[0].Id);
        }
        catch (SqliteException error)
        {
            throw new OpencodeException($"{Path} could not be read just now (SQLite error {error.SqliteErrorCode}).", error);
        }
    }

    /// <summary>
    /// The share that opencode made for a session on a ShareRpc server; null when it made none, or made it somewhere else.
    /// </summary>
    public OpencodeOwnShare? FindShare(string sessionId)
    {
        if (!HasTable("session_share")) return null;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id, secret, url FROM session_share WHERE session_id = $session";
        command.Parameters.AddWithValue("$session", sessionId);
        using SqliteDataReader row = command.ExecuteReader();
        return row.Read() ? OpencodeOwnShare.Of(sessionId, row.GetString(0), row.GetString(1), row.GetString(2)) : null;
    }
}
