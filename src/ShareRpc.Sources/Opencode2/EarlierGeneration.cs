using Microsoft.Data.Sqlite;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Sources.Opencode2;

/// <summary>
/// Finds what a share still holds of a session that was followed in OpenCode 1 and migrated since: its parts, which the
/// migration gave other ids.
/// </summary>
internal static class EarlierGeneration
{
    /// <summary>Returns the removals; none for a share that has nothing of OpenCode 1.</summary>
    public static async Task<IReadOnlyList<DocumentChange>> RemovalsAsync(
        AgentSession session, ShareWriter writer, CancellationToken cancellationToken)
    {
        string? keys = await writer.ReadBookmarkAsync(OpencodeSync.KeysBookmark, cancellationToken)
            .ConfigureAwait(false);
        if (session.Agent != "opencode" || keys is null) return [];
        var known = KnownKeys.FromJson(keys);
        var parts = known.Documents.Messages.SelectMany(known.Documents.PartsOf).ToHashSet(StringComparer.Ordinal);
        using Opencode2Database database = Opencode2Database.Open(session.Path);
        if (database.Generation == OpencodeGeneration.Both)
        {
            foreach (SqliteDataReader row in database.Query(
                "SELECT id FROM part WHERE session_id = $id", ("$id", session.Id))) parts.Add(row.GetString(0));
        }

        return [.. parts.Order(StringComparer.Ordinal).Select(part => SessionFormat.Removed(Kinds.Part, part))];
    }
}
