using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Turns;

/// <summary>
/// A turn goes <c>streaming -> completed | failed | aborted</c> and stays there. Only a provisional ending, which the server itself wrote
/// when the writer fell silent, gives way, once, to the true one from the writer it names.
/// </summary>
internal static class TurnGuard
{
    private static readonly byte[][] Replaced = ["state"u8.ToArray(), "provisional"u8.ToArray(), "writer_id"u8.ToArray()];

    /// <summary>The op leaves its turn open.</summary>
    public static bool IsStreaming(OpIntent op)
    {
        if (op.Data is not { } data) return false;
        using JsonDocument turn = data.ToDocument();
        return TurnStates.Of(turn.RootElement) == TurnStates.Streaming;
    }

    /// <summary>The ending that the server writes for a writer that fell silent: the document as it is, otherwise.</summary>
    public static RawJson Abort(RawJson current, string? writerId)
    {
        using JsonDocument before = current.ToDocument();
        var output = new ArrayBufferWriter<byte>(current.Utf8.Length + 128);
        output.Write("{"u8);
        foreach (JsonProperty member in before.RootElement.EnumerateObject())
        {
            if (Replaced.Any(name => JsonMembers.IsNamed(member, name))) continue;
            output.Write("\""u8);
            output.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            output.Write("\":"u8);
            output.Write(JsonMarshal.GetRawUtf8Value(member.Value));
            output.Write(","u8);
        }

        string more = writerId is null ? "" : $",\"provisional\":true,\"writer_id\":\"{writerId}\"";
        output.Write(Encoding.ASCII.GetBytes($"\"state\":\"{TurnStates.Aborted}\"{more}}}"));
        return new RawJson(output.WrittenMemory);
    }

    public static TurnVerdict Judge(RawJson current, OpIntent op, string? writerId)
    {
        using JsonDocument before = current.ToDocument();
        string? state = TurnStates.Of(before.RootElement);
        if (!TurnStates.IsFinal(state)) return TurnVerdict.Allowed;
        if (op.Verb != Verbs.Put) return TurnVerdict.Final;
        using JsonDocument after = op.Data!.Value.ToDocument();
        string? next = TurnStates.Of(after.RootElement);
        bool isProvisional = JsonMembers.TryFind(before.RootElement, "provisional"u8, out JsonElement provisional)
            && provisional.ValueKind == JsonValueKind.True;
        if (isProvisional)
        {
            bool isOwn = writerId is not null && JsonMembers.TryFind(before.RootElement, "writer_id"u8, out JsonElement writer)
                && JsonMembers.IsText(writer, Encoding.ASCII.GetBytes(writerId));
            return TurnStates.IsFinal(next) && isOwn ? TurnVerdict.Allowed : TurnVerdict.Final;
        }

        return next == state ? TurnVerdict.Duplicate : TurnVerdict.Final;
    }
}

internal enum TurnVerdict
{
    Allowed,
    Duplicate,
    Final,
}
