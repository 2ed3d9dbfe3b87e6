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
        if (session.Agent != "opencode" || await KeysAsync(session.Id).ConfigureAwait(false) is null) return [];
        var parts = new HashSet<string>(StringComparer.Ordinal);
        using Opencode2Database database = Opencode2Database.Open(session.Path);
        foreach (string id in database.WithSubagents(session.Id))
        {
            KnownDocuments known = KnownKeys.FromJson(await KeysAsync(id).ConfigureAwait(false)).Documents;
            parts.UnionWith(known.Messages.SelectMany(known.PartsOf));
            if (database.Generation != OpencodeGeneration.Both) continue;
            foreach (SqliteDataReader row in database.Query(
                "SELECT id FROM part WHERE session_id = $id", ("$id", id))) parts.Add(row.GetString(0));
        }

        return [.. parts.Order(StringComparer.Ordinal).Select(part => SessionFormat.Removed(Kinds.Part, part))];

        Task<string?> KeysAsync(string id) => writer.ReadBookmarkAsync(
            OpencodeSync.NameOf(OpencodeSync.KeysBookmark, new SessionForm(id, session.Id)), cancellationToken);
    }
}
