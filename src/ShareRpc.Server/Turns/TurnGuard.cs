using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Turns;

/// <summary>
/// Allows <c>streaming -> completed | failed | aborted</c>. Only the server's provisional ending may be replaced, once,
/// by the silent writer it names.
/// </summary>
internal static class TurnGuard
{
    private static readonly byte[][] Replaced =
        ["state"u8.ToArray(), "provisional"u8.ToArray(), "writer_id"u8.ToArray()];

    /// <summary>Returns the server's ending of the turn; provisional if a writer is named.</summary>
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

    /// <param name="current">The turn.</param>
    /// <param name="isSettled">It took the place of a provisional end.</param>
    /// <param name="next">What is put; null for another verb.</param>
    /// <param name="writerId">By whom.</param>
    public static TurnVerdict Judge(TurnFacts current, bool isSettled, TurnFacts? next, string? writerId)
    {
        if (!TurnStates.IsFinal(current.State)) return TurnVerdict.Allowed;
        if (next is null) return TurnVerdict.Final;
        if (current.IsProvisional && !isSettled)
        {
            return TurnStates.IsFinal(next.State) && current.IsOf(writerId)
                ? TurnVerdict.Settles : TurnVerdict.Final;
        }

        return next.State == current.State ? TurnVerdict.Duplicate : TurnVerdict.Final;
    }
}

internal enum TurnVerdict
{
    Allowed,

    /// <summary>Allowed, and final for good.</summary>
    Settles,

    Duplicate,
    Final,
}
