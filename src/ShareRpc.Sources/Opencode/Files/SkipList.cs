using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What was left out: counted without end, listed up to a bound. Not for several threads.</summary>
internal sealed class SkipList
{
    /// <summary>Entries that are listed; the rest is only counted.</summary>
    public const int MaxListed = 10_000;

    private readonly List<SkippedFile> listed = [];

    public int Count { get; private set; }

    public IReadOnlyList<SkippedFile> Listed => listed;

    public void Add(string path, SkipReason reason)
    {
        Count++;
        if (listed.Count < MaxListed) listed.Add(new SkippedFile(path, reason));
    }

    public void AddAll(SkipList other)
    {
        Count += other.Count;
        listed.AddRange(other.listed.Take(MaxListed - listed.Count));
    }

    /// <summary><c>[{"path": "part/...", "reason": "no_message"}, ...]</c></summary>
    public string ToJson() => JsonSerializer.Serialize(
        listed.Select(file => new { file.Path, Reason = JsonNamingPolicy.SnakeCaseLower.ConvertName(file.Reason.ToString()) }),
        ProtocolJson.Options);
}
