using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Http;

namespace ShareRpc.Server.Opencode;

internal sealed record SyncItem(string Type, RawJson Data)
{
    /// <summary>Stands for what is no item: its type is unknown.</summary>
    public static readonly SyncItem Malformed = new("", new RawJson("null"u8.ToArray()));
}

/// <summary>
/// Parses <c>{"secret": ..., "data": [{type, data}, ...]}</c> while it arrives. Holds only the current item; copies its
/// data once, into its op.
/// </summary>
internal sealed class SyncBody(HttpBody body, ServerLimits limits)
{
    private const int MaxNameLength = 128;
    private const int LongestRead = 4 * 1024 * 1024;

    // Too deep an item is refused alone, not the whole body.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 4_096 };
    private JsonReaderState state = new(Options);
    private Place place = Place.Start;
    private readonly Queue<SyncItem> early = new();
    private long passed;
    private int wanted;
    private long left;

    private enum Place
    {
        Start,
        Members,
        Items,
        End,
    }

    public string? Secret { get; private set; }

    /// <summary>
    /// Reads the secret, and keeps the items before it; null when there is none. Throws <c>invalid_params</c> when it
    /// is not in the first 64 KiB: nobody has proven anything yet.
    /// </summary>
    public async ValueTask<string?> ReadSecretAsync()
    {
        while (Secret is null && await ReadNextAsync(untilSecret: true).ConfigureAwait(false) is { } item)
            early.Enqueue(item);
        return Secret;
    }

    /// <summary>
    /// The next item; null at the end. Throws <c>invalid_params</c> for what is not of this form, <c>too_large</c> over
    /// the limit.
    /// </summary>
    public ValueTask<SyncItem?> ReadAsync() =>
        early.TryDequeue(out SyncItem? item)
            ? ValueTask.FromResult<SyncItem?>(item) : ReadNextAsync(untilSecret: false);

    private async ValueTask<SyncItem?> ReadNextAsync(bool untilSecret)
    {
        while (place != Place.End)
        {
            long kept = Math.Min(passed, limits.HttpBatchBytes);
            ReadResult read = await body.ReadAtLeastAsync(wanted, left, kept).ConfigureAwait(false);
            SequencePosition consumed = read.Buffer.End;
            SequencePosition examined = read.Buffer.End;
            try
            {
                if (passed + read.Buffer.Length > limits.HttpBodyBytes) throw new ShareRpcException(ErrorCode.TooLarge);
                bool isCut = untilSecret && passed + read.Buffer.Length > HttpBody.SmallBytes;
                ReadOnlySequence<byte> seen = isCut ? read.Buffer.Slice(0, HttpBody.SmallBytes - passed) : read.Buffer;
                SyncItem? item = Take(seen, read.IsCompleted && !isCut, untilSecret, out SequencePosition taken);
                left = read.Buffer.Slice(taken).Length;
                passed += read.Buffer.Length - left;
                bool isStep = item is not null || place == Place.End || (untilSecret && Secret is not null);
                if (isCut && !isStep) throw new ShareRpcException(ErrorCode.InvalidParams);
                consumed = taken;
                examined = isStep ? taken : examined;

                // Asks for more each time, since every scan restarts at the item's start.
                wanted = isStep ? 0 : (int)Math.Min(left * 2, left + LongestRead);
                if (untilSecret) wanted = (int)Math.Min(wanted, HttpBody.SmallBytes + 1 - passed);
                if (isStep) return item;
            }
            finally
            {
                body.AdvanceTo(consumed, examined);
            }
        }

        return null;
    }

    private SyncItem? Take(ReadOnlySequence<byte> buffer, bool isFinal, bool untilSecret, out SequencePosition consumed)
    {
        consumed = buffer.Start;
        var reader = new Utf8JsonReader(buffer, isFinal, state);
        try
        {
            while (true)
            {
                Utf8JsonReader attempt = reader;
                if (!TryStep(ref attempt, buffer, out SyncItem? item)) return null;
                reader = attempt;
                consumed = reader.Position;
                state = reader.CurrentState;
                if (item is not null || place == Place.End || (untilSecret && Secret is not null)) return item;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }

    private bool TryStep(ref Utf8JsonReader reader, ReadOnlySequence<byte> buffer, out SyncItem? item)
    {
        item = null;
        if (!reader.Read()) return false;
        switch (place)
        {
            case Place.Start:
                if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
                place = Place.Members;
                return true;
            case Place.Members:
                if (reader.TokenType != JsonTokenType.EndObject) return TryMember(ref reader);
                place = Place.End;
                return true;
            default:
                if (reader.TokenType == JsonTokenType.EndArray)
                {
                    place = Place.Members;
                    return true;
                }

                long start = reader.TokenStartIndex;
                if (!reader.TrySkip()) return false;
                item = ItemOf(buffer.Slice(start, reader.BytesConsumed - start)) ?? SyncItem.Malformed;
                return true;
        }
    }

    private bool TryMember(ref Utf8JsonReader reader)
    {
        bool isSecret = reader.ValueTextEquals("secret"u8);
        bool isData = reader.ValueTextEquals("data"u8);
        if (!reader.Read()) return false;
        if (isData && reader.TokenType == JsonTokenType.StartArray)
        {
            place = Place.Items;
            return true;
        }

        if (!isSecret || reader.TokenType != JsonTokenType.String) return reader.TrySkip();
        Secret = ShortText(ref reader) ?? "";
        return true;
    }

    private static SyncItem? ItemOf(ReadOnlySequence<byte> element)
    {
        var reader = new Utf8JsonReader(element, Options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return null;
        string? type = null;
        ReadOnlySequence<byte>? data = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("type"u8);
            bool isData = reader.ValueTextEquals("data"u8);
            reader.Read();
            long start = reader.TokenStartIndex;
            if (isType && reader.TokenType == JsonTokenType.String) type = ShortText(ref reader);
            reader.Skip();
            if (isData) data = element.Slice(start, reader.BytesConsumed - start);
        }

        if (type is null || data is not { } found) return null;
        byte[] bytes = found.ToArray();
        return Utf8.IsValid(bytes) ? new SyncItem(type, new RawJson(bytes)) : null;
    }

    private static string? ShortText(ref Utf8JsonReader reader)
    {
        long length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        return length <= MaxNameLength ? reader.GetString() : null;
    }
}
