using System.Globalization;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.MainJob;

/// <summary>Ops to send, short to write.</summary>
internal static class Ops
{
    public static OpIntent Put(string key, string json, string? opId = null, bool ifChanged = false) => new()
    {
        OpId = opId ?? OpId.New(), Verb = Verbs.Put, Kind = Kinds.Part, Key = key, Data = RawJson.Parse(json),
        IfChanged = ifChanged ? true : null,
    };

    public static OpIntent[] Numbered(int count) =>
        [.. Enumerable.Range(1,
            count).Select(i => Put("p" + i.ToString(CultureInfo.InvariantCulture), $$"""{"n":{{i}}}"""))];
}
