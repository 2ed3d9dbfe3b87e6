using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>A share while it is checked.</summary>
/// <param name="Key">Its number.</param>
/// <param name="ShareId">Its id.</param>
/// <param name="Folded">The documents hold every op up to here.</param>
/// <param name="Compacted">Ops up to here may have lost their data, if they are not the last one of their
/// document.</param>
internal sealed record CheckedShare(long Key, string ShareId, long Folded, long Compacted);

/// <summary>Joins small appends to one field, to fold them once.</summary>
internal sealed class AppendRun
{
    private readonly ArrayBufferWriter<byte> text = new();
    private byte[]? field;

    public static AppendRun Of(RawJson data)
    {
        var run = new AppendRun();
        run.TryAdd(data);
        return run;
    }

    /// <summary>Returns false for another field.</summary>
    public bool TryAdd(RawJson data)
    {
        using JsonDocument document = data.ToDocument();
        JsonMembers.TryFind(document.RootElement, "field"u8, out JsonElement name);
        JsonMembers.TryFind(document.RootElement, "text"u8, out JsonElement added);
        ReadOnlySpan<byte> rawName = JsonMarshal.GetRawUtf8Value(name);
        if (field is not null && !rawName.SequenceEqual(field)) return false;
        field ??= rawName.ToArray();
        text.Write(JsonMarshal.GetRawUtf8Value(added)[1..^1]);
        return true;
    }

    public RawJson? Fold(RawJson? document)
    {
        if (field is null) return document;
        var data = new ArrayBufferWriter<byte>();
        data.Write("{\"field\":"u8);
        data.Write(field);
        data.Write(",\"text\":\""u8);
        data.Write(text.WrittenSpan);
        data.Write("\"}"u8);
        return DocumentFold.Apply(document, Verbs.Append, new RawJson(data.WrittenMemory));
    }
}
