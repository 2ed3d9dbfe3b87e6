using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Turns;

/// <summary>What decides whether a turn may be changed.</summary>
internal sealed class TurnFacts
{
    private const int MostOfWriterId = 1024;
    private byte[] rawWriterId = [];

    /// <summary>Gets the state; null if unknown.</summary>
    public string? State { get; private init; }

    /// <summary>Gets whether the server ended the turn, for a writer that was silent.</summary>
    public bool IsProvisional { get; private init; }

    public static TurnFacts Of(RawJson data)
    {
        using JsonDocument turn = data.ToDocument();
        JsonElement root = turn.RootElement;
        bool isNamed = JsonMembers.TryFind(root, "writer_id"u8, out JsonElement writer)
            && writer.ValueKind == JsonValueKind.String;
        ReadOnlySpan<byte> raw = isNamed ? JsonMarshal.GetRawUtf8Value(writer)[1..^1] : default;
        return new TurnFacts
        {
            State = TurnStates.Of(root),
            IsProvisional = JsonMembers.TryFind(root, "provisional"u8, out JsonElement provisional)
                && provisional.ValueKind == JsonValueKind.True,
            rawWriterId = raw.Length > MostOfWriterId ? [] : raw.ToArray(),
        };
    }

    /// <summary>Returns whether the document names the writer, which was silent.</summary>
    public bool IsOf(string? writerId) =>
        writerId is not null && JsonMembers.Spells(rawWriterId, Encoding.ASCII.GetBytes(writerId));
}
