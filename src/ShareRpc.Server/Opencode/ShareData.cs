using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Writes a share's state for opencode's import, one page in memory at a time, each with its own authority check (I7).
/// </summary>
internal sealed class ShareData(ShareReads reads, Authority authority)
{
    private static readonly string[] Types = [Kinds.Session, Kinds.Message, Kinds.Part, Kinds.SessionDiff];
    private bool isFirst = true;

    /// <param name="context">The request.</param>
    /// <param name="before">Text around the array.</param>
    /// <param name="after">Likewise.</param>
    public async Task WriteAsync(HttpContext context, string before = "", string after = "")
    {
        StatePage page = await ReadAsync(Types[0], null); // before the status is sent: it may be refused
        HttpAnswer.BeginJson(context);
        PipeWriter writer = context.Response.BodyWriter;
        Encoding.UTF8.GetBytes(before, writer);
        writer.Write("["u8);
        foreach (string type in Types)
        {
            if (type != Types[0]) page = await ReadAsync(type, null);
            for (; ; page = await ReadAsync(type, page.NextKey))
            {
                foreach (Document document in page.Docs) WriteItem(writer, type, document);
                await HttpPages.FlushAsync(context, authority).ConfigureAwait(false);
                if (page.NextKey is null) break;
            }
        }

        await WriteModelsAsync(writer, context).ConfigureAwait(false);
        writer.Write("]"u8);
        Encoding.UTF8.GetBytes(after, writer);
        await HttpPages.FlushAsync(context, authority).ConfigureAwait(false);
    }

    /// <summary>All models form one item.</summary>
    private async Task WriteModelsAsync(PipeWriter writer, HttpContext context)
    {
        StatePage page = await ReadAsync(Kinds.Model, null);
        if (page.Docs.Count == 0) return;
        Begin(writer, Kinds.Model);
        writer.Write("["u8);
        for (bool isFirstModel = true; ; page = await ReadAsync(Kinds.Model, page.NextKey))
        {
            foreach (Document document in page.Docs)
            {
                if (!isFirstModel) writer.Write(","u8);
                isFirstModel = false;
                writer.Write(document.Data.Utf8.Span);
            }

            await HttpPages.FlushAsync(context, authority).ConfigureAwait(false);
            if (page.NextKey is null) break;
        }

        writer.Write("]}"u8);
    }

    private async ValueTask<StatePage> ReadAsync(string kind, DocKey? after)
    {
        authority.Demand(Rights.Read);
        return await reads.ReadStateAsync(authority, new GetStateRequest { Kinds = [kind], AfterKey = after });
    }

    private void WriteItem(PipeWriter writer, string type, Document document)
    {
        if (ImportForm.Of(document) is not { } data) return;
        Begin(writer, type);
        writer.Write(data.Utf8.Span);
        writer.Write("}"u8);
    }

    private void Begin(PipeWriter writer, string type)
    {
        if (!isFirst) writer.Write(","u8);
        isFirst = false;
        writer.Write("{\"type\":\""u8);
        Encoding.ASCII.GetBytes(type, writer);
        writer.Write("\",\"data\":"u8);
    }
}
