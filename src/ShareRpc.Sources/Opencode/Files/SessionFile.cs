using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode.Files;

internal sealed record SessionFile(StorageFile File, RawJson Document, OpencodeSessionInfo Info)
{
    /// <summary>Returns least recently updated first; of duplicates, the newest.</summary>
    public static async Task<IReadOnlyList<SessionFile>> ListAsync(
        StorageTree tree, SkipList skips, TimeProvider time, CancellationToken cancellationToken)
    {
        List<StorageFile> files =
            [.. tree.Folders("session", skips).SelectMany(folder => tree.Files($"session/{folder}", skips))];
        var found = new List<SessionFile>();
        for (int look = 0; look <= SessionDocuments.Retries && files.Count > 0; look++)
        {
            if (look > 0) await Task.Delay(SessionDocuments.RetryPause, time, cancellationToken).ConfigureAwait(false);
            files = [.. files.Where(file => !TryRead(file, found, skips))];
        }

        foreach (StorageFile broken in files) skips.Add(broken.Path, SkipReason.NotJson);
        var byId = new Dictionary<string, SessionFile>(StringComparer.Ordinal);
        foreach (SessionFile session in found.OrderByDescending(session => session.Info.TimeUpdated))
        {
            if (!byId.TryAdd(session.Info.Id, session)) skips.Add(session.File.Path, SkipReason.Duplicate);
        }

        return [.. byId.Values.OrderBy(session => session.Info.TimeUpdated).ThenBy(session => session.Info.Id,
            StringComparer.Ordinal)];
    }

    /// <summary>Returns false if incomplete: retry.</summary>
    private static bool TryRead(StorageFile file, List<SessionFile> found, SkipList skips)
    {
        (byte[]? content, SkipReason? reason) = FileContent.Read(file);
        RawJson? data = null;
        if (content is not null) (data, reason) = FileDocument.OfSession(content, file.Id);
        if (reason == SkipReason.NotJson) return false;
        bool fits = data is { } put
            && OpRules.Check(OpencodeOps.Put(Kinds.Session, file.Id, put), ProtocolLimits.Default) is null;
        if (fits) found.Add(new SessionFile(file, data!.Value, InfoOf(file.Id, data.Value)));
        else skips.Add(file.Path, reason ?? SkipReason.OverLimits);
        return true;
    }

    private static OpencodeSessionInfo InfoOf(string id, RawJson data)
    {
        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        bool hasTime = root.TryGetProperty("time", out JsonElement time) && time.ValueKind == JsonValueKind.Object;
        long updated = hasTime && time.TryGetProperty("updated", out JsonElement moment)
            && moment.ValueKind == JsonValueKind.Number
            && moment.TryGetInt64(out long ms) ? ms : 0;
        return new OpencodeSessionInfo(id, Text(root, "parentID"), Text(root, "title") ?? "", updated, -1, -1);
    }

    private static string? Text(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out JsonElement value) || value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair
        }
    }
}
