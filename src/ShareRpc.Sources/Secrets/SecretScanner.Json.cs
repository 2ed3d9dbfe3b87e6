using System.Buffers;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>JSON: its strings are looked at one by one, and only the bytes of what is found are replaced.</summary>
public sealed partial class SecretScanner
{
    // Deeper than anything that can be sent: what is too deep is refused elsewhere, and is looked at here all the same.
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 1000 };

    /// <summary>The value with markers in its strings; the same bytes when nothing was found.</summary>
    public RawJson Redact(RawJson json, SecretCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ReadOnlySpan<byte> utf8 = json.Utf8.Span;
        char[] buffer = ArrayPool<char>.Shared.Rent(utf8.Length);
        try
        {
            if (!MayHoldAny(utf8, buffer)) return json;
            List<Patch> patches = FindIn(utf8, buffer);
            return patches.Count == 0 ? json : new RawJson(Patched(utf8, patches, counts));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>
    /// Looks at the JSON as if it were text, which is fast: only an escaped character could hide a keyword, as <c>\/</c> does that of
    /// an address.
    /// </summary>
    private bool MayHoldAny(ReadOnlySpan<byte> utf8, char[] buffer)
    {
        if (utf8.IndexOf("\\u"u8) >= 0 || utf8.IndexOf("\\/"u8) >= 0) return true;
        int length = Encoding.UTF8.GetChars(utf8, buffer);
        return MayHoldAny(buffer.AsSpan(0, length));
    }

    private List<Patch> FindIn(ReadOnlySpan<byte> utf8, char[] buffer)
    {
        var patches = new List<Patch>();
        CompiledRule? ofField = null;
        var reader = new Utf8JsonReader(utf8, ReaderOptions);
        while (reader.Read())
        {
            bool isName = reader.TokenType == JsonTokenType.PropertyName;
            if (!isName && reader.TokenType != JsonTokenType.String)
            {
                ofField = null;
                continue;
            }

            ReadOnlySpan<byte> raw = reader.ValueSpan;
            ReadOnlySpan<char> text = buffer.AsSpan(0, JsonText.Decode(raw, buffer));
            List<SecretSpan> found = FindIn(text);
            if (ofField is not null && ofField.FindIn(text).Count > 0)
                found = [new SecretSpan(0, text.Length, found.Count > 0 ? found[0].RuleId : ofField.Id)];
            if (found.Count > 0) Patch.Add(patches, raw, (int)reader.TokenStartIndex + 1, found);
            ofField = isName ? FieldRuleOf(text) : null;
        }

        return patches;
    }

    private CompiledRule? FieldRuleOf(ReadOnlySpan<char> name)
    {
        foreach (CompiledRule rule in fieldRules)
        {
            if (rule.IsFor(name)) return rule;
        }

        return null;
    }

    private static byte[] Patched(ReadOnlySpan<byte> utf8, List<Patch> patches, SecretCounts counts)
    {
        using var result = new MemoryStream(utf8.Length);
        int at = 0;
        foreach (Patch patch in patches)
        {
            result.Write(utf8[at..patch.Start]);
            result.Write(Encoding.ASCII.GetBytes(MarkerOf(patch.RuleId)));
            counts.Add(patch.RuleId);
            at = patch.End;
        }

        result.Write(utf8[at..]);
        return result.ToArray();
    }

    /// <summary>Bytes of the JSON that a marker takes the place of.</summary>
    private readonly record struct Patch(int Start, int End, string RuleId)
    {
        public static void Add(List<Patch> patches, ReadOnlySpan<byte> raw, int offset, List<SecretSpan> found)
        {
            int bytes = 0;
            int units = 0;
            foreach (SecretSpan span in found)
            {
                JsonText.Advance(raw, ref bytes, ref units, span.Start);
                int start = bytes;
                JsonText.Advance(raw, ref bytes, ref units, span.End);
                patches.Add(new Patch(offset + start, offset + bytes, span.RuleId));
            }
        }
    }
}
