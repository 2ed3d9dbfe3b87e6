using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Log;

/// <summary>
/// A turn goes <c>streaming -> completed | failed | aborted</c> and stays there. Only a provisional ending, which the server itself wrote
/// when the
/// writer fell silent, gives way, once, to the true one from the writer it names.
/// </summary>
internal static class TurnGuard
{
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
