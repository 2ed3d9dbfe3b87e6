using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// Takes what the user and the model said. In <c>paginated</c> files completed items say it, and the model's items
/// repeat it under the same id; in <c>legacy</c> files an event and an item hold the same text, in either order.
/// </summary>
/// <param name="state">Of the file.</param>
/// <param name="documents">Takes messages and parts.</param>
/// <param name="readAgain">Reads the record at an offset once more.</param>
internal sealed class RolloutTexts(
    RolloutState state, RolloutDocuments documents, Func<long, JsonDocument?> readAgain)
{
    /// <summary>Called before a message of the user.</summary>
    public Action? UserSpeaks { get; init; }

    /// <summary>Takes an item of type <c>message</c>.</summary>
    public void Message(JsonElement root, JsonElement item, long offset)
    {
        string text = UserText.Of(item);
        switch (item.Text("role"))
        {
            case "user" when UserText.IsAdded(item, text):
                break;
            case "user" when state.IsPaginated:
                state.UserItem = offset; // the completed item says it, without the pictures
                break;
            case "user":
                List<Attachment> pictures = [.. UserText.Pictures(item)];
                if (Half('u', isEvent: false, text, pictures) is { Key: { } said }) documents.Files(said, pictures);
                break;
            case "assistant" when root.IsTrue("metadata", "compaction_output"):
                documents.Close();
                documents.Answer();
                break;
            case "assistant" when state.IsPaginated && item.Text("id") is { } id:
                if (state.TakeId(id)) Say(text);
                break;
            case "assistant":
                Half('a', isEvent: false, text);
                break;
            default:
                break; // developer, system
        }
    }

    /// <summary>Takes an item of type <c>reasoning</c>.</summary>
    public void Reasoning(JsonElement item)
    {
        List<string> thoughts = [.. item.Items("summary").Concat(item.Items("content"))
            .Select(part => part.Text("text")).OfType<string>()];
        if (!state.IsPaginated || item.Text("id") is not { } id)
        {
            foreach (string thought in thoughts) Half('r', isEvent: false, thought);
        }
        else if (thoughts.Count > 0 && state.TakeId(id))
        {
            Think(string.Join("\n\n", thoughts));
        }
    }

    /// <summary>Takes an event that holds a text; <paramref name="kind"/> as of <see cref="HalfText.Kind"/>.</summary>
    public void Event(char kind, JsonElement payload) => Half(
        kind, isEvent: true, payload.Text(kind == 'r' ? "text" : "message") ?? "",
        [.. payload.Texts("images").Select(url => Attachment.OfDataUrl(url)).OfType<Attachment>()]);

    /// <summary>Takes a completed item; false if it is no text.</summary>
    public bool Completed(JsonElement item)
    {
        (string text, IReadOnlyList<Attachment> files, char kind) = item.Text("type") switch
        {
            "UserMessage" => (Joined(item), PicturesOf(item), 'u'),
            "AgentMessage" => (Joined(item), [], 'a'),
            "Reasoning" =>
                (string.Join("\n\n", item.Texts("summary_text").Concat(item.Texts("raw_content"))), [], 'r'),
            _ => ("", Array.Empty<Attachment>(), ' '),
        };
        if (kind == ' ') return false;
        if (!state.IsPaginated) Half(kind, isEvent: true, text, files);
        else if (state.TakeId(item.Text("id"))) Put(kind, text, files);
        return true;
    }

    /// <summary>Takes a text that may be there in another form; returns that, else puts the text.</summary>
    private HalfText? Half(char kind, bool isEvent, string text, IReadOnlyList<Attachment>? files = null)
    {
        if (text.Length == 0 && files is null or []) return null;
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.Trim())).AsSpan(0, 8));
        var half = new HalfText(kind, isEvent, digest, kind == 'u' ? documents.KeyOfLine : null);
        if (kind == 'u' && files is [_, ..]) half = half with { Key = null }; // its pictures are there
        if (state.TakeOther(half) is { } other) return other;
        Put(kind, text, files ?? []);
        return null;
    }

    private void Put(char kind, string text, IReadOnlyList<Attachment> files)
    {
        if (kind == 'u') Ask(text, files);
        else if (kind == 'a') Say(text);
        else Think(text);
    }

    private void Ask(string text, IReadOnlyList<Attachment> files)
    {
        UserSpeaks?.Invoke();
        string key = documents.User(text, files);
        state.UserItem = null;
        state.TurnKey ??= key;
        state.FirstText ??= FirstLine.Of(text);
    }

    private void Say(string text)
    {
        if (text.Length > 0) documents.Add("text", json => json.WriteString("text", text));
    }

    private void Think(string text)
    {
        if (text.Length == 0) return;
        documents.Add("reasoning", json =>
        {
            json.WriteString("text", text);
            json.WriteStartObject("time");
            json.WriteNumber("start", state.Time);
            json.WriteNumber("end", state.Time);
            json.WriteEndObject();
        });
    }

    private IReadOnlyList<Attachment> PicturesOf(JsonElement item)
    {
        bool isText = item.Items("content").All(part => part.Text("type") == "text");
        if (isText || state.UserItem is not { } offset) return [];
        using JsonDocument? line = readAgain(offset);
        return line?.RootElement.Object("payload") is { } said ? [.. UserText.Pictures(said)] : [];
    }

    private static string Joined(JsonElement item) =>
        string.Concat(item.TextsOfItems("content"));
}
