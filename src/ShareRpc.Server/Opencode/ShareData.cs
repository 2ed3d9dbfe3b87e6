using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Writes a share's state for opencode's import, one page in memory at a time, each with its own authority check (I7).
/// A page counts until it has left.
/// </summary>
internal sealed class ShareData(ShareReads reads, Authority authority, HttpContext context)
{
    private static readonly string[] Types = [Kinds.Session, Kinds.Message, Kinds.Part, Kinds.SessionDiff];
    private readonly ArrayBufferWriter<byte> text = new();
    private bool isFirst = true;
    private long held;

    /// <param name="before">Text around the array.</param>
    /// <param name="after">Likewise.</param>
    public async Task WriteAsync(string before = "", string after = "")
    {
        StatePage page = await ReadAsync(Types[0], null); // before the status is sent: it may be refused
        HttpAnswer.BeginJson(context);
        Encoding.UTF8.GetBytes(before, text);
        text.Write("["u8);
        foreach (string type in Types)
        {
            if (type != Types[0]) page = await ReadAsync(type, null);
            for (; ; page = await ReadAsync(type, page.NextKey))
            {
                foreach (Document document in page.Docs)
                {
                    if (ImportForm.Of(document) is not { } data) continue;
                    Begin(type);
                    await WriteAsync(data.Utf8).ConfigureAwait(false);
                    text.Write("}"u8);
                }

                await SendAsync().ConfigureAwait(false);
                if (page.NextKey is null) break;
            }
        }

        await WriteModelsAsync().ConfigureAwait(false);
        text.Write("]"u8);
        Encoding.UTF8.GetBytes(after, text);
        await SendAsync().ConfigureAwait(false);
    }

    /// <summary>All models form one item.</summary>
    private async Task WriteModelsAsync()
    {
        StatePage page = await ReadAsync(Kinds.Model, null);
        if (page.Docs.Count == 0) return;
        Begin(Kinds.Model);
        text.Write("["u8);
        for (bool isFirstModel = true; ; page = await ReadAsync(Kinds.Model, page.NextKey))
        {
            foreach (Document document in page.Docs)
            {
                if (!isFirstModel) text.Write(","u8);
                isFirstModel = false;
                await WriteAsync(document.Data.Utf8).ConfigureAwait(false);
            }

            await SendAsync().ConfigureAwait(false);
            if (page.NextKey is null) break;
        }

        text.Write("]}"u8);
    }

    private async ValueTask<StatePage> ReadAsync(string kind, DocKey? after)
    {
        HttpRequests.AccountOf(context).Shrink(held);
        held = 0;
        authority.Demand(Rights.Read);
        StatePage page =
            await reads.ReadStateAsync(authority, new GetStateRequest { Kinds = [kind], AfterKey = after });
        long bytes = page.Docs.Sum(document => (long)document.Data.Utf8.Length);
        bool isRoom = await HttpRequests.AccountOf(context).GrowAsync(bytes, context.RequestAborted)
            .ConfigureAwait(false);
        if (!isRoom) throw new ShareRpcException(ErrorCode.Overloaded);
        held = bytes;
        return page;
    }

    /// <summary>Sends large data from where it is; small pieces are sent together.</summary>
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (text.WrittenCount + data.Length > HttpPages.FragmentBytes)
        {
            await SendAsync().ConfigureAwait(false);
            await HttpPages.SendAsync(context, authority, data).ConfigureAwait(false);
        }
        else
        {
            text.Write(data.Span);
        }
    }

    private async ValueTask SendAsync()
    {
        await HttpPages.SendAsync(context, authority, text.WrittenMemory).ConfigureAwait(false);
        text.ResetWrittenCount();
    }

    private void Begin(string type)
    {
        if (!isFirst) text.Write(","u8);
        isFirst = false;
        text.Write("{\"type\":\""u8);
        Encoding.ASCII.GetBytes(type, text);
        text.Write("\",\"data\":"u8);
    }
}
